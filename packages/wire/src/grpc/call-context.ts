/** What our own server tells a handler about its call. Everything is worked out on first use: most calls ask for little. */
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type ClientCertificate, clientCertificateOf } from '../client-certificate.ts';
import type { Http2Stream } from '../http2/stream.ts';
import type { CallContext } from '../service.ts';
import { isTlsSocket } from '../tls-socket.ts';
import { type Route, metadataOf } from './route.ts';

const noBytes = new Uint8Array(0);

export class ServerCallContext implements CallContext {
  requestBytes: Uint8Array = noBytes;
  readonly #stream: Http2Stream;
  readonly #route: Route;
  #controller: AbortController | undefined;
  #aborted = false;

  constructor(stream: Http2Stream, route: Route) {
    this.#stream = stream;
    this.#route = route;
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.#aborted) this.#controller.abort();
    }
    return this.#controller.signal;
  }

  get aborted(): boolean {
    return this.#aborted;
  }

  get peer(): string {
    const { socket } = this.#stream.connection;
    return socket instanceof Socket ? `${socket.remoteAddress}:${socket.remotePort}` : '';
  }

  get clientCertificate(): ClientCertificate | undefined {
    return certificateOf(this.#stream.connection.socket);
  }

  metadata(key: string): string | undefined {
    return metadataOf(this.#route, key);
  }

  abort(): void {
    this.#aborted = true;
    this.#controller?.abort();
  }
}

const certificates = new WeakMap<Duplex, ClientCertificate | undefined>();

/** Read once a connection. */
function certificateOf(socket: Duplex): ClientCertificate | undefined {
  if (!isTlsSocket(socket) || !socket.authorized) return undefined;
  if (!certificates.has(socket)) certificates.set(socket, clientCertificateOf(socket.getPeerCertificate()));
  return certificates.get(socket);
}
