/**
 * Plain HTTPS to the API server of a kubeconfig, for what only people want: tables, discovery and log streams. The typed
 * client of @flotilla/api-client serves the components.
 */
import { type IncomingMessage, request as httpRequest } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import { loadKubeconfig } from '@flotilla/api-client';
import { OperatingError, messageOf } from '@flotilla/base';

export interface KubeRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  /** Path and query. */
  readonly path: string;
  readonly accept?: string;
  readonly body?: { readonly type: string; readonly value: unknown };
  readonly signal?: AbortSignal;
}

export interface KubeAnswer {
  readonly status: number;
  readonly body: unknown;
}

export interface KubeConnection {
  readonly server: string;
  /** The answer, whatever its status. @throws OperatingError `API_UNREACHABLE` */
  send(request: KubeRequest): Promise<KubeAnswer>;
  /** The answer's body as it comes. @throws OperatingError as `refusal` gives it when the status is not 200 */
  stream(request: KubeRequest): Promise<IncomingMessage>;
  close(): void;
}

export async function openKubeConnection(kubeconfig: string): Promise<KubeConnection> {
  const { server, tls, token } = await loadKubeconfig(kubeconfig);
  const url = new URL(server);
  const secure = url.protocol === 'https:';
  const agent = secure
    ? new Agent({
        keepAlive: true,
        ca: pem(tls?.ca),
        cert: pem(tls?.cert),
        key: pem(tls?.key),
        ...(tls?.serverName === undefined ? {} : { servername: tls.serverName }),
      })
    : undefined;
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };

  const open = ({ method, path, accept, body, signal }: KubeRequest): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const content = body && JSON.stringify(body.value);
      // Without its length Node sends the body of a DELETE bare.
      const length = content === undefined ? {} : { 'content-length': Buffer.byteLength(content) };
      const call = (secure ? httpsRequest : httpRequest)(new URL(path, url), {
        method,
        headers: {
          ...headers,
          accept: accept ?? 'application/json',
          ...(body && { 'content-type': body.type }),
          ...length,
        },
        ...(agent && { agent }),
        ...(signal && { signal }),
      });
      call.on('response', resolve);
      call.on('error', (error) => reject(unreachable(server, error)));
      call.end(content);
    });

  const send = async (request: KubeRequest): Promise<KubeAnswer> => {
    const response = await open(request);
    return { status: response.statusCode ?? 0, body: parseBody(await readAll(server, response)) };
  };

  return {
    server,
    send,
    async stream(request) {
      const response = await open(request);
      if (response.statusCode === 200) return response;
      throw refusal({ status: response.statusCode ?? 0, body: parseBody(await readAll(server, response)) });
    },
    close: () => agent?.destroy(),
  };
}

/** The body of a successful answer. @throws OperatingError with the server's own message */
export function successful(answer: KubeAnswer): unknown {
  if (answer.status >= 200 && answer.status < 300) return answer.body;
  throw refusal(answer);
}

/** A refusal as an error; its code is the Status' reason, such as `NotFound`. */
function refusal({ status, body }: KubeAnswer): OperatingError {
  const field = (name: string): string | undefined => {
    if (typeof body !== 'object' || body === null) return undefined;
    const value: unknown = Object.entries(body).find(([key]) => key === name)?.[1];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  return new OperatingError(
    field('reason') ?? `HTTP_${status}`,
    field('message') ?? `the API server answered ${status}`,
  );
}

function unreachable(server: string, error: unknown): OperatingError {
  return new OperatingError(
    'API_UNREACHABLE',
    `the API server at ${server} does not answer (${messageOf(error)}): is the cluster up? \`flotilla up\` starts it`,
    { cause: error },
  );
}

function pem(material: string | Uint8Array | undefined): Buffer | undefined {
  return material === undefined ? undefined : Buffer.from(material);
}

async function readAll(server: string, response: IncomingMessage): Promise<string> {
  response.setEncoding('utf8');
  let text = '';
  try {
    for await (const chunk of response) text += String(chunk);
  } catch (error) {
    throw unreachable(server, error);
  }
  return text;
}

function parseBody(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    // A proxy in between answers with text of its own.
    if (error instanceof SyntaxError) return { message: text.trim() };
    throw error;
  }
}
