/** One Watch call that is asked and read step by step. */
import { type CallOptions, clampInteger, type etcdserverpb } from '@flotilla/wire';
import type { TestClient } from './cluster.ts';

type WatchRequest = etcdserverpb.WatchRequest.$Properties;
type WatchResponse = etcdserverpb.WatchResponse;

export interface WatchCall {
  ask(request: WatchRequest): void;
  create(request: etcdserverpb.WatchCreateRequest.$Properties): void;
  /** The next responses, as many; rejects with what ended the stream. */
  next(count?: number): Promise<readonly WatchResponse[]>;
  close(): void;
}

export function openWatch({ watch }: Pick<TestClient, 'watch'>, options: CallOptions = {}): WatchCall {
  const abort = new AbortController();
  const waiting: WatchRequest[] = [];
  let wake: (() => void) | undefined;
  async function* requests(): AsyncGenerator<WatchRequest, void> {
    while (!abort.signal.aborted) {
      const request = waiting.shift();
      if (request) yield request;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  }
  const responses = watch.Watch(requests(), { ...options, signal: abort.signal })[Symbol.asyncIterator]();
  const ask = (request: WatchRequest): void => {
    waiting.push(request);
    wake?.();
  };
  return {
    ask,
    create: (request) => ask({ create_request: request }),
    async next(count = 1) {
      const found: WatchResponse[] = [];
      while (found.length < count) {
        const result = await responses.next();
        if (result.done === true) throw new Error('the watch ended');
        found.push(result.value);
      }
      return found;
    },
    close() {
      abort.abort();
      wake?.();
      responses.next().catch((error: unknown) => error);
    },
  };
}

/** A response in one line: revision, id, what it says, events. */
export function lineOf(response: WatchResponse): string {
  const compacted = clampInteger(response.compact_revision);
  const parts = [
    `${clampInteger(response.header?.revision)} #${clampInteger(response.watch_id)}`,
    response.created ? 'created' : '',
    response.canceled ? 'canceled' : '',
    response.fragment ? 'fragment' : '',
    response.cancel_reason,
    compacted > 0 ? `compacted ${compacted}` : '',
    ...response.events.map(eventText),
  ];
  return parts.filter(Boolean).join(' ');
}

function eventText({ type, kv, prev_kv }: WatchResponse['events'][number]): string {
  const text = (bytes: Uint8Array | null | undefined): string => Buffer.from(bytes ?? []).toString('latin1');
  const number = (long: Parameters<typeof clampInteger>[0]): number => clampInteger(long);
  const numbers = `${number(kv?.create_revision)}/${number(kv?.mod_revision)}/${number(kv?.version)}`;
  const before = prev_kv ? `<${text(prev_kv.value)}@${number(prev_kv.mod_revision)}>` : '';
  return `${type === 1 ? '-' : '+'}${text(kv?.key)}=${text(kv?.value)}${before}@${numbers}`;
}
