/** A gateway call as handlers see it. Metadata comes from headers: `Grpc-Metadata-NAME`, and `Authorization` for the token. */
import type { CallContext } from '@flotilla/wire';
import type { Exchange } from './exchange.ts';

const noBytes = new Uint8Array(0);
const metadataPrefix = 'grpc-metadata-';

export class GatewayContext implements CallContext {
  readonly requestBytes: Uint8Array;
  readonly signal: AbortSignal;
  /** A client's certificate is not its identity here, as in etcd. */
  readonly clientCertificate = undefined;
  readonly #exchange: Exchange;

  constructor(exchange: Exchange, requestBytes: Uint8Array = noBytes) {
    this.#exchange = exchange;
    this.requestBytes = requestBytes;
    this.signal = exchange.signal;
  }

  get peer(): string {
    return this.#exchange.peer;
  }

  metadata(key: string): string | undefined {
    const header = this.#exchange.header(metadataPrefix + key);
    if (header !== undefined) return header;
    return key === 'token' ? this.#exchange.header('authorization')?.replace(/^Bearer /, '') : undefined;
  }
}
