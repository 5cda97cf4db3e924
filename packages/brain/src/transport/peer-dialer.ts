/** Opens connections to one other member, as its URL says: in clear text, or over TLS with the certificates of the moment. */
import type { TLSSocket } from 'node:tls';
import { OperatingError } from '@flotilla/base';
import { type Channel, openChannel } from '@flotilla/wire';
import type { CallerTls } from '../tls/caller-tls.ts';
import type { Credentials } from '../tls/credentials.ts';
import type { PeerAddress } from './peer-link.ts';

export class PeerDialer {
  readonly #peer: Omit<PeerAddress, 'id'>;
  readonly #tls: CallerTls | undefined;
  #channel: Channel | undefined;
  #channelCredentials: Credentials | undefined;

  /** @param tls needed for a member whose URL is https */
  constructor(peer: Omit<PeerAddress, 'id'>, tls: CallerTls | undefined) {
    this.#peer = peer;
    this.#tls = peer.tls === true ? tls : undefined;
  }

  /** A connection that is ready; undefined where clear text is spoken, and nothing is to be got ready. */
  async connect(signal: AbortSignal): Promise<TLSSocket | undefined> {
    this.#checkTls();
    return await this.#tls?.connect(this.#peer, signal);
  }

  /** A channel of its own. @throws OperatingError `PEER_TLS`. */
  openChannel(): Channel {
    this.#checkTls();
    return this.#open(this.#tls?.credentials);
  }

  /**
   * The channel that is kept, which connects by itself, at any time: opened anew once certificates were renewed.
   * @throws OperatingError `PEER_TLS`.
   */
  get channel(): Channel {
    this.#checkTls();
    const credentials = this.#tls?.credentials;
    if (!this.#channel || credentials !== this.#channelCredentials) {
      this.closeChannel();
      this.#channel = this.#open(credentials);
      this.#channelCredentials = credentials;
    }
    return this.#channel;
  }

  /** Closes the channel that is kept; calls that are under way may end. */
  closeChannel(): void {
    this.#channel?.close();
    this.#channel = undefined;
  }

  #open(credentials: Credentials | undefined): Channel {
    const { host, port } = this.#peer;
    const target = `${host.includes(':') ? `[${host}]` : host}:${port}`;
    return openChannel({ target, ...(this.#tls && credentials && { tls: this.#tls.channelContext(credentials) }) });
  }

  #checkTls(): void {
    if (this.#peer.tls !== true || this.#tls) return;
    const text =
      'its URL is https, and this member has no certificate for it: give --peer-cert-file and --peer-key-file';
    throw new OperatingError('PEER_TLS', text);
  }
}
