/** What every port answers over HTTP/1.1: health, version, metrics. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { type Logger, messageOf } from '@flotilla/base';
import type { Member } from '../member/member.ts';
import type { BrainMetrics, HealthMetrics } from '../metrics.ts';
import { clusterVersion, serverVersion, storageVersion } from '../version.ts';
import { debugVars } from './debug-vars.ts';
import {
  type HealthCheck,
  diskChecks,
  healthProblem,
  livenessChecks,
  readinessChecks,
  runChecks,
} from './health-checks.ts';

interface Reply {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const metricsPath = '/metrics';

type Route = (url: URL) => Reply | Promise<Reply>;

export interface RoutesOptions {
  readonly member: Member;
  readonly metrics: BrainMetrics;
  readonly logger: Logger;
}

/** No name of a metric needs an escape; Go's library says how it would be done all the same. */
const metricsContentType = ({ registry }: BrainMetrics): string => `${registry.contentType}; escaping=underscores`;

export function createRoutes({ member, metrics, logger }: RoutesOptions): RequestListener {
  const routes = new Map<string, Route>([
    ['/health', (url) => health(member, url, metrics.health)],
    ['/debug/vars', () => json(debugVars(member), '; charset=utf-8')],
    ['/version', () => json({ etcdserver: serverVersion, etcdcluster: clusterVersion, storage: storageVersion })],
    [
      metricsPath,
      async () => ({ status: 200, contentType: metricsContentType(metrics), body: await metrics.registry.metrics() }),
    ],
    ...checkRoutes('livez', livenessChecks(member), metrics.health),
    ...checkRoutes('readyz', readinessChecks(member), metrics.health, () => diskChecks(member)),
  ]);
  return (request, response) => {
    respond(routes, request)
      .catch((error: unknown) => {
        logger.error('an HTTP request failed', { path: request.url, err: error });
        return refusal(500, messageOf(error));
      })
      .then((reply) => send(response, reply, { headOnly: request.method === 'HEAD' }))
      .catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined));
  };
}

async function respond(routes: ReadonlyMap<string, Route>, request: IncomingMessage): Promise<Reply> {
  // Only path and query matter; whatever host a client names.
  const url = URL.canParse(request.url ?? '/', 'http://member')
    ? new URL(request.url ?? '/', 'http://member')
    : undefined;
  const route = url && routes.get(url.pathname);
  if (!url || !route) return refusal(404, '404 page not found');
  // Whatever asks for metrics gets them, as from every exporter.
  if (request.method !== 'GET' && url.pathname !== metricsPath) {
    return { ...refusal(405, 'Method Not Allowed'), headers: { ...plain, allow: 'GET' } };
  }
  return await route(url);
}

function send(response: ServerResponse, reply: Reply, { headOnly }: { readonly headOnly: boolean }): void {
  const body = Buffer.from(reply.body);
  response.writeHead(reply.status, {
    'content-type': reply.contentType,
    'content-length': body.length,
    ...reply.headers,
  });
  response.end(headOnly ? undefined : body);
}

function json(value: unknown, charset = ''): Reply {
  return { status: 200, contentType: `application/json${charset}`, body: JSON.stringify(value) };
}

/** Browsers take it for what it says it is. */
const plain = { 'x-content-type-options': 'nosniff' };

function text(status: number, body: string, headers?: Reply['headers']): Reply {
  return { status, contentType: 'text/plain; charset=utf-8', body, ...(headers && { headers }) };
}

/** As every server in Go refuses: with a line of text. */
function refusal(status: number, body: string): Reply {
  return text(status, `${body}\n`, plain);
}

async function health(member: Member, url: URL, { successes, failures }: HealthMetrics): Promise<Reply> {
  const serializable = url.searchParams.get('serializable') === 'true';
  const excludedAlarms = new Set(url.searchParams.getAll('exclude'));
  const reason = await healthProblem(member, { serializable, excludedAlarms });
  (reason === '' ? successes : failures).add(1);
  const answer = (isHealthy: boolean): string => JSON.stringify({ health: String(isHealthy), reason });
  return reason === '' ? text(200, answer(true)) : refusal(503, answer(false));
}

/** All checks of a type under its path, and each under its own name below it. @param more what is checked besides at times */
function checkRoutes(
  type: string,
  checks: readonly HealthCheck[],
  metrics: HealthMetrics,
  more: () => readonly HealthCheck[] = () => [],
): readonly (readonly [string, Route])[] {
  const path = `/${type}`;
  const onResult = (name: string, isHealthy: boolean): void => {
    metrics.lastResult.set({ type, name }, isHealthy ? 1 : 0);
    metrics.results.inc({ type, name, status: isHealthy ? 'success' : 'error' });
  };
  const run = async (chosen: readonly HealthCheck[], url: URL): Promise<Reply> => {
    const { healthy, report } = await runChecks(chosen, onResult);
    if (!healthy) return refusal(503, report);
    return text(200, url.searchParams.has('verbose') ? `${report}ok\n` : 'ok\n', plain);
  };
  return [
    [
      path,
      (url) => {
        const excluded = new Set(url.searchParams.getAll('exclude'));
        return run(
          [...checks, ...more()].filter(({ name }) => !excluded.has(name)),
          url,
        );
      },
    ],
    ...checks.map((check) => [`${path}/${check.name}`, (url: URL) => run([check], url)] as const),
  ];
}
