/**
 * Unary calls with failover. A read is tried on one endpoint after the other until its time is over. A write is
 * tried again only when the attempt certainly changed nothing: it never left this process, or the server said that
 * it had no leader to propose to. Otherwise nobody knows, and the caller is told so (`ETCD_UNKNOWN_OUTCOME`).
 */
import { type Clock, OperatingError, type Randomness, createBackoff, sleep } from '@flotilla/base';
import { type CallOptions, RpcError, StatusCode } from '@flotilla/wire';
import type { Endpoint, Endpoints } from './endpoints.ts';
import { mayHaveHappened, operatingErrorOf, unknownOutcome } from './errors.ts';
import type { CallLimits } from './kv-shapes.ts';

export interface UnaryCall<Res> {
  /** Whether it can be repeated freely: reads, and writes whose repetition changes nothing more. */
  readonly repeatable: boolean;
  /** Refuse to be served by a member that knows no leader; false only for reads of a member's own state. */
  readonly needsLeader: boolean;
  attempt(endpoint: Endpoint, options: CallOptions): Promise<Res>;
  readonly limits: CallLimits | undefined;
}

export interface Caller {
  call<Res>(call: UnaryCall<Res>): Promise<Res>;
  /** One attempt on one endpoint. */
  callOn<Res>(endpoint: string, call: UnaryCall<Res>): Promise<Res>;
}

export interface CallerOptions {
  readonly endpoints: Endpoints;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly timeoutMs: number;
  readonly attemptTimeoutMs: number;
}

const leaderRequired: Readonly<Record<string, string>> = { hasleader: 'true' };

/** Statuses after which another attempt, elsewhere, can fare better. */
const passing: ReadonlySet<StatusCode> = new Set([
  StatusCode.UNAVAILABLE,
  StatusCode.DEADLINE_EXCEEDED,
  StatusCode.INTERNAL,
  StatusCode.CANCELLED,
]);

/** Whether the failure says something about the endpoint, so that another one is worth a try. */
export function isPassing(error: unknown): error is RpcError {
  return error instanceof RpcError && passing.has(error.status);
}

export function createCaller(options: CallerOptions): Caller {
  const { endpoints, clock, randomness } = options;

  const attemptOptions = (call: UnaryCall<unknown>, timeoutMs: number): CallOptions => ({
    timeoutMs: Math.max(1, Math.ceil(timeoutMs)),
    ...(call.limits?.signal ? { signal: call.limits.signal } : {}),
    ...(call.needsLeader ? { metadata: leaderRequired } : {}),
  });

  return {
    async call(call) {
      const { repeatable, limits } = call;
      const deadlineMs = clock.monotonicMs() + (limits?.timeoutMs ?? options.timeoutMs);
      const backoff = createBackoff({ initialMs: 20, maxMs: 250 }, randomness);
      for (let attempts = 1; ; attempts++) {
        throwIfAborted(limits?.signal);
        const endpoint = endpoints.current();
        const leftMs = deadlineMs - clock.monotonicMs();
        // A write is not cut short: the attempt's end would leave its outcome unknown.
        const attemptMs = repeatable && endpoints.count > 1 ? Math.min(leftMs, options.attemptTimeoutMs) : leftMs;
        try {
          return await call.attempt(endpoint, attemptOptions(call, attemptMs));
        } catch (error) {
          if (!isPassing(error)) throw verdict(error, repeatable);
          if (limits?.signal?.aborted === true) throw verdict(error, repeatable);
          endpoints.failed(endpoint, error.message);
          if (!repeatable && mayHaveHappened(error)) throw verdict(error, repeatable);
          // Only after a whole round of endpoints is there a reason to wait.
          const pauseMs = attempts % endpoints.count === 0 ? backoff.nextMs() : 0;
          if (clock.monotonicMs() + pauseMs >= deadlineMs) throw verdict(error, repeatable);
          if (pauseMs > 0) await sleep(clock, pauseMs, limits?.signal);
        }
      }
    },
    async callOn(name, call) {
      throwIfAborted(call.limits?.signal);
      try {
        const timeoutMs = call.limits?.timeoutMs ?? options.timeoutMs;
        return await call.attempt(endpoints.named(name), attemptOptions(call, timeoutMs));
      } catch (error) {
        throw verdict(error, call.repeatable);
      }
    },
  };
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new OperatingError('ETCD_CANCELLED', 'the call was cancelled before it was sent');
}

function verdict(error: unknown, repeatable: boolean): OperatingError {
  if (!repeatable && error instanceof RpcError && mayHaveHappened(error)) return unknownOutcome(error);
  return operatingErrorOf(error);
}
