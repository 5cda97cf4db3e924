/** The requests of a gateway stream, as a stream's handler takes them. */
import type { CallObserver, RequestStream } from '@flotilla/wire';

/** A request and the bytes of its protobuf form. */
export interface ReceivedRequest {
  readonly message: unknown;
  readonly bytes: Uint8Array;
}

export class GatewayRequests implements RequestStream<unknown> {
  readonly #received: AsyncIterable<ReceivedRequest>;
  readonly #observer: CallObserver;

  constructor(received: AsyncIterable<ReceivedRequest>, observer: CallObserver) {
    this.#received = received;
    this.#observer = observer;
  }

  async forEach(take: (request: unknown) => void): Promise<void> {
    for await (const message of this) take(message);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<unknown, void> {
    for await (const { message } of this.#received) {
      this.#observer.received();
      yield message;
    }
  }
}
