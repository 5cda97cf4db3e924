/**
 * A lease of `flotilla.v1`, kept alive in the background over whatever connection there is.
 *
 * The holder's view is the cautious one: the lease counts as lost when a whole TTL has passed since the last keep-alive that
 * was answered was *sent*. A lost connection alone loses nothing.
 */
import { type Clock, type Logger, messageOf, sleep } from '@flotilla/base';
import type { ElectionService } from './election-service.ts';

export interface LeaseSession {
  readonly lease: bigint;
  /** Aborted, with the reason, when the lease is lost. */
  readonly signal: AbortSignal;
  /** Stops the keep-alives and revokes the lease (best effort), and with it all keys that hang on it. Never rejects. */
  close(): Promise<void>;
}

export interface LeaseSessionOptions {
  readonly elections: ElectionService;
  readonly ttlSeconds: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Of the grant alone. */
  readonly signal: AbortSignal;
}

/** How long to wait before a broken keep-alive stream is opened again, milliseconds. */
const reopenMs = 200;
/** How long a farewell may take, milliseconds. */
export const farewellMs = 1000;

export async function openLeaseSession(options: LeaseSessionOptions): Promise<LeaseSession> {
  const { elections, clock, logger } = options;
  const grantedMs = clock.monotonicMs();
  const { lease, ttlSeconds } = await elections.grant(options.ttlSeconds, { signal: options.signal });
  const ttlMs = ttlSeconds * 1000;
  const lost = new AbortController();
  const stop = new AbortController();

  const lose = (reason: string): void => {
    lost.abort(new Error(reason));
    stop.abort();
  };
  const expireAt = (atMs: number) =>
    clock.after(Math.max(0, atMs - clock.monotonicMs()), () => lose('no keep-alive was answered for a whole TTL'));
  let expiry = expireAt(grantedMs + ttlMs);

  const keepAliveOnce = async (): Promise<void> => {
    const sentMs: number[] = [];
    const ticks = ticksEvery({ periodMs: ttlMs / 3, clock, signal: stop.signal, onTick: (atMs) => sentMs.push(atMs) });
    for await (const remaining of elections.keepAlive(lease, ticks, { signal: stop.signal })) {
      if (remaining <= 0) return lose('the lease expired');
      expiry.cancel();
      if (stop.signal.aborted) return;
      expiry = expireAt((sentMs.shift() ?? grantedMs) + ttlMs);
    }
  };
  const keepAlive = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      try {
        await keepAliveOnce();
      } catch (error) {
        if (!stop.signal.aborted) logger.debug('keep-alive was interrupted', { reason: messageOf(error) });
      }
      await sleep(clock, reopenMs, stop.signal);
    }
  };
  const running = keepAlive();

  return {
    lease,
    signal: lost.signal,
    async close() {
      stop.abort();
      expiry.cancel();
      await running;
      if (lost.signal.aborted) return;
      await farewell(elections.revoke(lease, { signal: AbortSignal.timeout(farewellMs) }), logger);
    },
  };
}

/** Waits for a call whose failure costs nothing but time: the lease then expires by itself. */
export async function farewell(call: Promise<void>, logger: Logger): Promise<void> {
  try {
    await call;
  } catch (error) {
    logger.debug('the lease was left to expire', { reason: messageOf(error) });
  }
}

interface Ticking {
  readonly periodMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  onTick(atMs: number): void;
}

async function* ticksEvery({ periodMs, clock, signal, onTick }: Ticking): AsyncGenerator<void, void> {
  while (!signal.aborted) {
    onTick(clock.monotonicMs());
    yield;
    await sleep(clock, periodMs, signal);
  }
}
