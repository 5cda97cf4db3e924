/** What a peer may make a connection keep or do. */
import { ConnectionError, ErrorCode } from './protocol.ts';
import { RateLimit } from './rate-limit.ts';

export interface ConnectionLimits {
  readonly maxConcurrentStreams: number;
  /** The largest list of header fields, as in SETTINGS_MAX_HEADER_LIST_SIZE; also the largest block. */
  readonly maxHeaderListBytes: number;
  /** Most frames by which a header block may go on. */
  readonly maxContinuations: number;
  /** Most bytes of requests that wait for their handlers; a stream that brings more is ended. */
  readonly maxHeldBytes: number;
  /** Least time between pings of a client that gets no answers meanwhile. */
  readonly minPingIntervalMs: number;
  /** A client that is silent for this time is pinged, and given up when it does not answer in time. */
  readonly keepaliveMs: number;
  readonly keepaliveTimeoutMs: number;
  /** The preface and the first SETTINGS are due within this time. */
  readonly greetingTimeoutMs: number;
  /** How long a connection that is ended for an error may take to read why. */
  readonly lingerMs: number;
}

export const defaultLimits: ConnectionLimits = {
  maxConcurrentStreams: 100_000,
  maxHeaderListBytes: 64 * 1024,
  maxContinuations: 16,
  maxHeldBytes: 64 * 1024 * 1024,
  minPingIntervalMs: 5000,
  keepaliveMs: 2 * 3600 * 1000,
  keepaliveTimeoutMs: 20_000,
  greetingTimeoutMs: 10_000,
  lingerMs: 1000,
};

/** Pings too many that are forgiven, as in gRPC's own servers. */
const maxPingStrikes = 2;
const maxRememberedResets = 1024;

/** Counts what costs us and brings nothing. */
export class FloodGuard {
  readonly #minPingIntervalMs: number;
  /** Frames that are answered or ignored without anything being done for the client. */
  readonly #nuisances = new RateLimit({ burst: 5000, perSecond: 500 });
  /** Streams that a client gives up before they are answered: each may have started work. */
  readonly #resets = new RateLimit({ burst: 2000, perSecond: 200 });
  /** Streams that we ended with an error, whose client may not know yet. */
  readonly #endedByUs = new Set<number>();
  #lastPingAt = 0;
  #pingStrikes = 0;

  constructor({ minPingIntervalMs }: Pick<ConnectionLimits, 'minPingIntervalMs'>) {
    this.#minPingIntervalMs = minPingIntervalMs;
  }

  /** @throws ConnectionError ENHANCE_YOUR_CALM. */
  count(): void {
    if (!this.#nuisances.take()) throw new ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, 'too many empty frames');
  }

  /** @throws ConnectionError ENHANCE_YOUR_CALM. */
  countReset(): void {
    if (!this.#resets.take()) throw new ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, 'too many resets');
  }

  /**
   * A ping is excused when answers were written since the last one: clients measure their bandwidth so. One that comes in time makes
   * good those before it.
   * @throws ConnectionError ENHANCE_YOUR_CALM.
   */
  countPing({ excused }: { readonly excused: boolean }): void {
    this.count();
    const now = performance.now();
    const early = this.#lastPingAt > 0 && now - this.#lastPingAt < this.#minPingIntervalMs;
    this.#lastPingAt = now;
    this.#pingStrikes = early && !excused ? this.#pingStrikes + 1 : 0;
    if (this.#pingStrikes > maxPingStrikes) throw new ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, 'too_many_pings');
  }

  rememberReset(streamId: number): void {
    this.#endedByUs.add(streamId);
    if (this.#endedByUs.size <= maxRememberedResets) return;
    for (const oldest of this.#endedByUs) {
      this.#endedByUs.delete(oldest);
      return;
    }
  }

  wasReset(streamId: number): boolean {
    return this.#endedByUs.has(streamId);
  }
}
