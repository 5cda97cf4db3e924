/**
 * From a request to its answer. The order is fixed: host, credential, limits, authorisation, then the work. A failure of any
 * step is a Status.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { type Clock, type Logger, messageOf } from '@flotilla/base';
import { type ApiError, timeout } from '@flotilla/api';
import { authenticate, socketCredentials } from '../auth/authenticate.ts';
import { authorize } from '../auth/authorize.ts';
import { refuseImpersonation } from '../auth/impersonation.ts';
import type { Tokens } from '../auth/token-file.ts';
import { readBody } from './body.ts';
import { failureOf, plainFailure } from './errors.ts';
import { type Answer, type Exchange, type Headers, type StreamAnswer, jsonAnswer } from './exchange.ts';
import type { InFlight } from './in-flight.ts';
import type { KnownHosts } from './known-hosts.ts';
import type { RequestMetrics } from './metrics.ts';
import type { Route } from './router.ts';

export interface ListenerOptions {
  readonly hosts: KnownHosts;
  readonly tokens: Tokens;
  readonly inFlight: InFlight;
  readonly route: (method: string, url: URL) => Route;
  /** Time that a request other than a stream may take, milliseconds. */
  readonly requestTimeoutMs: number;
  readonly metrics: RequestMetrics;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Aborted when the server stops. */
  readonly signal: AbortSignal;
}

export type Listener = (request: IncomingMessage, response: ServerResponse) => void;

export function createListener(options: ListenerOptions): Listener {
  const { logger } = options;
  return (request, response) => {
    serve(options, request, response).catch((error: unknown) => {
      // The answer had begun: all that is left to say is that it does not end well.
      logger.debug('an answer was cut off', { path: request.url, error: messageOf(error) });
      response.destroy();
    });
  };
}

async function serve(options: ListenerOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { clock, metrics } = options;
  const startedMs = clock.monotonicMs();
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  response.on('close', abort);
  response.on('error', abort);
  options.signal.addEventListener('abort', abort, { once: true });
  const outcome = await answerOf(options, request, controller);
  try {
    if ('chunks' in outcome.answer) await sendStream(response, outcome.answer, controller.signal);
    else sendWhole(request, response, outcome.answer);
  } finally {
    outcome.leave();
    options.signal.removeEventListener('abort', abort);
    const seconds = (clock.monotonicMs() - startedMs) / 1_000;
    metrics.observe({ verb: outcome.verb, resource: outcome.resource, code: outcome.answer.code, seconds });
  }
}

interface Outcome {
  readonly answer: Answer | StreamAnswer;
  readonly verb: string;
  readonly resource: string;
  /** Ends what the request held. */
  readonly leave: () => void;
}

async function answerOf(
  options: ListenerOptions,
  request: IncomingMessage,
  controller: AbortController,
): Promise<Outcome> {
  const method = request.method ?? 'GET';
  let verb = method;
  let resource = '';
  let leave = (): void => undefined;
  try {
    if (!options.hosts.has(request.headers.host)) throw misdirected(request.headers.host);
    const user = authenticate(
      options.tokens,
      socketCredentials(request.socket as TLSSocket, request.headers.authorization),
    );
    refuseImpersonation(user, request.headers);
    const url = urlOf(request);
    const route = options.route(method, url);
    ({ verb, resource } = labelsOf(route));
    if (!route.isLongRunning) leave = options.inFlight.enter(route);
    authorize(user, route.attributes);
    const exchange: Exchange = {
      request,
      method,
      url,
      user,
      signal: controller.signal,
      readBody: () => readBody(request),
    };
    const work = route.answer(exchange);
    const answer = route.isLongRunning ? await work : await inTime(options, work, controller);
    return { answer, verb, resource, leave };
  } catch (error) {
    return { answer: failureAnswer(options, request, error), verb, resource, leave };
  }
}

function misdirected(host: string | undefined): ApiError {
  return plainFailure(421, `this server's certificate is not for the host ${JSON.stringify(host ?? '')}`);
}

function urlOf(request: IncomingMessage): URL {
  try {
    return new URL(request.url ?? '/', 'https://localhost');
  } catch {
    throw plainFailure(400, 'the request names no valid path');
  }
}

function labelsOf({ attributes }: Route): { verb: string; resource: string } {
  if (attributes.type === 'path') return { verb: attributes.verb.toUpperCase(), resource: '' };
  const isStream = attributes.verb === 'get' && attributes.subresource === 'log';
  return { verb: isStream ? 'CONNECT' : attributes.verb.toUpperCase(), resource: attributes.resource };
}

/** The work goes on when its time is over, but is told by its signal, and nobody waits for it. */
async function inTime<T>(
  { clock, requestTimeoutMs }: ListenerOptions,
  work: Promise<T>,
  controller: AbortController,
): Promise<T> {
  let expire: (error: Error) => void = () => undefined;
  const expiry = new Promise<never>((_, reject) => {
    expire = reject;
  });
  const timer = clock.after(requestTimeoutMs, () => {
    expire(timeout('request did not complete within the allotted timeout', 1));
    controller.abort();
  });
  try {
    return await Promise.race([work, expiry]);
  } finally {
    timer.cancel();
  }
}

function failureAnswer({ logger }: ListenerOptions, request: IncomingMessage, thrown: unknown): Answer {
  const { error, isBug } = failureOf(thrown);
  if (isBug) logger.error('a request failed unexpectedly', { method: request.method, path: request.url, err: thrown });
  const retryAfter = error.status.details?.retryAfterSeconds;
  const headers: Headers = retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) };
  return jsonAnswer(error.code, error.status, headers);
}

function sendWhole(request: IncomingMessage, response: ServerResponse, { code, headers, body }: Answer): void {
  // A body that was not read to its end leaves the connection unusable.
  const closing = request.complete ? {} : { connection: 'close' };
  const length = Buffer.byteLength(body);
  response.writeHead(code, {
    ...security,
    ...mutable(headers),
    ...(code === 304 ? {} : { 'content-length': length }),
    ...closing,
  });
  response.end(request.method === 'HEAD' || code === 304 ? undefined : body);
}

const security = { 'x-content-type-options': 'nosniff', 'cache-control': 'no-cache, private' };

function mutable(headers: Headers): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, typeof value === 'string' ? value : [...value]]),
  );
}

async function sendStream(
  response: ServerResponse,
  { code, headers, chunks }: StreamAnswer,
  signal: AbortSignal,
): Promise<void> {
  response.writeHead(code, { ...security, ...mutable(headers) });
  response.flushHeaders();
  for await (const pieces of chunks) {
    if (signal.aborted) break;
    response.cork();
    let hasRoom = true;
    for (const piece of pieces) hasRoom = response.write(piece);
    response.uncork();
    if (!hasRoom) await drained(response);
  }
  response.end();
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const finish = (): void => {
      response.off('drain', finish);
      response.off('close', finish);
      resolve();
    };
    response.on('drain', finish);
    response.on('close', finish);
    if (response.destroyed) finish();
  });
}
