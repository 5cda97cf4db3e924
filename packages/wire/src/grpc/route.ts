/** What a request's head says to a gRPC server: which method, under which conditions, or why not. */
import type { RequestHead } from '../http2/request-head.ts';
import type { HeaderField } from '../http2/static-table.ts';
import { RpcError, StatusCode } from '../status.ts';
import { failureBlock, httpRefusal } from './answers.ts';
import { type Encoding, isEncoding } from './compression.ts';
import type { MethodTable, MountedMethod } from './methods.ts';
import { parseTimeoutMs } from './timeout.ts';

export interface Route {
  /** Undefined when the call is refused. */
  readonly mounted: MountedMethod | undefined;
  /** The answer to a call that is refused. */
  readonly refusal: Buffer;
  readonly encoding: Encoding;
  /** Infinity: none. */
  readonly timeoutMs: number;
  readonly fields: readonly HeaderField[];
}

const none = Buffer.alloc(0);

export function readRoute(head: RequestHead, methods: MethodTable): Route {
  const { fields } = head;
  const refused = (refusal: Buffer): Route => ({
    mounted: undefined,
    refusal,
    encoding: 'identity',
    timeoutMs: 0,
    fields,
  });
  if (head.method !== 'POST') {
    const text = `http: method ${JSON.stringify(head.method)} is not allowed, it should be POST`;
    return refused(httpRefusal(405, new RpcError(StatusCode.INTERNAL, text)));
  }
  const contentType = valueOf(fields, 'content-type') ?? '';
  if (!isGrpc(contentType)) {
    const text = `invalid gRPC request content-type ${JSON.stringify(contentType)}`;
    return refused(httpRefusal(415, new RpcError(StatusCode.INVALID_ARGUMENT, text)));
  }
  const timeout = valueOf(fields, 'grpc-timeout');
  const timeoutMs = timeout === undefined ? Infinity : parseTimeoutMs(timeout);
  if (Number.isNaN(timeoutMs)) {
    return refused(httpRefusal(400, new RpcError(StatusCode.INTERNAL, `malformed grpc-timeout: ${timeout}`)));
  }
  const mounted = methods.find(head.path);
  if (mounted instanceof RpcError) return refused(failureBlock(mounted, { alone: true }));
  const encoding = valueOf(fields, 'grpc-encoding') ?? 'identity';
  if (!isEncoding(encoding)) {
    const text = `grpc: Decompressor is not installed for grpc-encoding ${JSON.stringify(encoding)}`;
    return refused(failureBlock(new RpcError(StatusCode.UNIMPLEMENTED, text), { alone: true }));
  }
  return { mounted, refusal: none, encoding, timeoutMs, fields };
}

/** The first value of a metadata key, bytes as UTF-8 text. */
export function metadataOf({ fields }: Route, key: string): string | undefined {
  const value = valueOf(fields, key);
  return value !== undefined && key.endsWith('-bin') ? Buffer.from(value, 'base64').toString() : value;
}

function valueOf(fields: readonly HeaderField[], name: string): string | undefined {
  for (const field of fields) if (field.name === name) return field.value;
  return undefined;
}

function isGrpc(contentType: string): boolean {
  return /^application\/grpc(?:$|[+;])/.test(contentType);
}
