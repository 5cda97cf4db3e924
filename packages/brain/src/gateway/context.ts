/** A gateway call as handlers see it. Metadata comes from headers: `Grpc-Metadata-NAME`, and `Authorization` for the token. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CallContext } from '@flotilla/wire';

const noBytes = new Uint8Array(0);
const metadataPrefix = 'grpc-metadata-';

export class GatewayContext implements CallContext {
  readonly requestBytes: Uint8Array;
  readonly signal: AbortSignal;
  /** A client's certificate is not its identity here, as in etcd. */
  readonly clientCertificate = undefined;
  readonly #request: IncomingMessage;

  constructor(
    { request, response }: { readonly request: IncomingMessage; readonly response: ServerResponse },
    requestBytes: Uint8Array = noBytes,
  ) {
    this.#request = request;
    this.requestBytes = requestBytes;
    const ended = new AbortController();
    if (response.destroyed) ended.abort();
    else response.once('close', () => ended.abort());
    this.signal = ended.signal;
  }

  get peer(): string {
    const { remoteAddress = '', remotePort = 0 } = this.#request.socket;
    return `${remoteAddress}:${remotePort}`;
  }

  metadata(key: string): string | undefined {
    const header = this.#request.headers[metadataPrefix + key];
    if (header !== undefined) return Array.isArray(header) ? header[0] : header;
    return key === 'token' ? this.#request.headers.authorization?.replace(/^Bearer /, '') : undefined;
  }
}
