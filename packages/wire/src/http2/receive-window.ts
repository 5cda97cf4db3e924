/** What a peer may send on a connection. It is given back as it is used: the windows of streams are what holds a peer up. */
import { ConnectionError, ErrorCode, FrameType, defaultWindowBytes } from './protocol.ts';
import type { Sender } from './sender.ts';

const connectionWindowBytes = 16 * 1024 * 1024;

export class ReceiveWindow {
  readonly #sender: Sender;
  /** How much was used since it was last given back. */
  #owedBytes = 0;

  constructor(sender: Sender) {
    this.#sender = sender;
  }

  /** Tells the peer; due once, after the first SETTINGS. */
  announce(): void {
    this.#sender.words(FrameType.WINDOW_UPDATE, 0, 0, connectionWindowBytes - defaultWindowBytes);
  }

  /** @throws ConnectionError FLOW_CONTROL_ERROR. */
  arrived(length: number): void {
    this.#owedBytes += length;
    if (this.#owedBytes > connectionWindowBytes) {
      throw new ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, 'more than the window of the connection');
    }
    if (this.#owedBytes < connectionWindowBytes >> 1) return;
    this.#sender.words(FrameType.WINDOW_UPDATE, 0, 0, this.#owedBytes);
    this.#owedBytes = 0;
  }
}
