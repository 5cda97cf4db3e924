/** What the end of an answer means to a client: a status out of header fields, HTTP's status or a reset. */
import type { HeaderField } from '../http2/static-table.ts';
import { RpcError, StatusCode, type Trailers } from '../status.ts';

/** The fields of an answer that are no trailers of ours. */
const ownNames: ReadonlySet<string> = new Set(['grpc-status', 'grpc-message', 'content-type']);

/** The status that trailers tell; undefined for OK. */
export function statusOfTrailers(fields: readonly HeaderField[], httpStatus: string): RpcError | undefined {
  const text = valueOf(fields, 'grpc-status');
  if (text === undefined) return withoutStatus(httpStatus);
  if (text === '0') return undefined;
  return new RpcError(statusCodeOf(text), percentDecode(valueOf(fields, 'grpc-message') ?? ''), {
    trailers: trailersOf(fields),
  });
}

/** An answer that ended without a status of gRPC, as from something between that knows only HTTP. */
export function withoutStatus(httpStatus: string): RpcError {
  if (httpStatus === '200') return new RpcError(StatusCode.INTERNAL, 'grpc: the answer ended without a status');
  const status = statusesOfHttp[httpStatus] ?? StatusCode.UNKNOWN;
  return new RpcError(status, `grpc: the server answered with HTTP status ${httpStatus}`);
}

/** The server gave up the stream with an error code of HTTP/2. */
export function statusOfReset(code: number): RpcError {
  return new RpcError(statusesOfResets[code] ?? StatusCode.INTERNAL, `grpc: the server reset the stream (${code})`);
}

export function valueOf(fields: readonly HeaderField[], key: string): string | undefined {
  return fields.find(({ name }) => name === key)?.value;
}

const statusesOfHttp: Readonly<Record<string, StatusCode>> = {
  400: StatusCode.INTERNAL,
  401: StatusCode.UNAUTHENTICATED,
  403: StatusCode.PERMISSION_DENIED,
  404: StatusCode.UNIMPLEMENTED,
  429: StatusCode.UNAVAILABLE,
  502: StatusCode.UNAVAILABLE,
  503: StatusCode.UNAVAILABLE,
  504: StatusCode.UNAVAILABLE,
};

/** REFUSED_STREAM, CANCEL, ENHANCE_YOUR_CALM, INADEQUATE_SECURITY. */
const statusesOfResets: Readonly<Record<number, StatusCode>> = {
  7: StatusCode.UNAVAILABLE,
  8: StatusCode.CANCELLED,
  11: StatusCode.RESOURCE_EXHAUSTED,
  12: StatusCode.PERMISSION_DENIED,
};

const knownStatuses: ReadonlySet<number> = new Set(Object.values(StatusCode));

function statusCodeOf(text: string): StatusCode {
  const code = Number(text);
  return knownStatuses.has(code) ? (code as StatusCode) : StatusCode.UNKNOWN;
}

function trailersOf(fields: readonly HeaderField[]): Trailers {
  const trailers: Record<string, string | Uint8Array> = {};
  for (const { name, value } of fields) {
    if (name.startsWith(':') || ownNames.has(name) || name in trailers) continue;
    trailers[name] = name.endsWith('-bin') ? Buffer.from(value, 'base64') : value;
  }
  return trailers;
}

/** The inverse of what servers do to their texts; a text that nobody encoded stays as it is. */
function percentDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
