/** Calls whose every byte is the caller's: gRPC over Node's HTTP/2, and HTTP/1.1. */
import http from 'node:http';
import http2, { type ClientHttp2Session, type OutgoingHttpHeaders } from 'node:http2';
import { once } from 'node:events';

export interface RawAnswer {
  readonly httpStatus: number | undefined;
  /** Undefined: the stream ended without one. */
  readonly grpcStatus: number | undefined;
  readonly message: string;
}

export async function openSession(port: number): Promise<ClientHttp2Session> {
  const session = http2.connect(`http://127.0.0.1:${port}`);
  session.on('error', () => session.destroy());
  await once(session, 'connect');
  return session;
}

/** A message as gRPC frames it. */
export function framed(message: Uint8Array, announced = message.length): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(announced, 1);
  return Buffer.concat([head, message]);
}

export interface RawCall {
  readonly path: string;
  readonly body: Uint8Array;
  readonly headers?: OutgoingHttpHeaders;
  /** Streams have no end of their own: they are cancelled after this time, milliseconds. */
  readonly patienceMs?: number;
}

/** Resolves when the call has ended, or was cancelled. */
export function callRaw(
  session: ClientHttp2Session,
  { path, body, headers, patienceMs = 300 }: RawCall,
): Promise<RawAnswer> {
  return new Promise((resolve) => {
    const fields = { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers', ...headers };
    const stream = session.request(fields);
    let [httpStatus, grpcStatus, message]: [number | undefined, number | undefined, string] = [
      undefined,
      undefined,
      '',
    ];
    const note = (given: http2.IncomingHttpHeaders): void => {
      if (given['grpc-status'] !== undefined) grpcStatus = Number(given['grpc-status']);
      if (given['grpc-message'] !== undefined) message = decodeURIComponent(String(given['grpc-message']));
    };
    const timer = setTimeout(() => stream.close(http2.constants.NGHTTP2_CANCEL), patienceMs);
    stream.on('response', (given) => {
      httpStatus = given[':status'];
      note(given);
    });
    stream.on('trailers', note);
    stream.on('error', () => undefined);
    stream.on('close', () => {
      clearTimeout(timer);
      resolve({ httpStatus, grpcStatus, message });
    });
    stream.resume();
    stream.end(body);
  });
}

export interface HttpCall {
  readonly method: string;
  readonly path: string;
  readonly body: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  readonly patienceMs?: number;
}

/** The status, and the body as far as it came; no status when the connection was broken. */
export function callHttp(
  port: number,
  { method, path, body, headers, patienceMs = 300 }: HttpCall,
): Promise<{ readonly status: number | undefined; readonly text: string }> {
  return new Promise((resolve) => {
    let [status, text]: [number | undefined, string] = [undefined, ''];
    const request = http.request({ host: '127.0.0.1', port, method, path, headers, agent: false });
    const timer = setTimeout(() => request.destroy(), patienceMs);
    request.on('response', (response) => {
      status = response.statusCode;
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('error', () => undefined);
    });
    request.on('error', () => undefined);
    request.on('close', () => {
      clearTimeout(timer);
      resolve({ status, text });
    });
    request.end(body);
  });
}
