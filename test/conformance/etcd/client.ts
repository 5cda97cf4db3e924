/** Every service of one member, and what its answers look like as text. */
import {
  type CallOptions,
  type ChannelTls,
  authService,
  clampInteger,
  clusterService,
  connectService,
  electionService,
  type etcdserverpb,
  healthService,
  kvService,
  leaseService,
  lockService,
  maintenanceService,
  openChannel,
  watchService,
} from '@flotilla/wire';

export type Client = ReturnType<typeof connect>;

export function connect(target: string, tls?: ChannelTls) {
  const channel = openChannel({ target, keepaliveMs: 3_600_000, ...(tls && { tls }) });
  return {
    target,
    kv: connectService(channel, kvService),
    watch: connectService(channel, watchService),
    lease: connectService(channel, leaseService),
    cluster: connectService(channel, clusterService),
    maintenance: connectService(channel, maintenanceService),
    auth: connectService(channel, authService),
    lock: connectService(channel, lockService),
    election: connectService(channel, electionService),
    health: connectService(channel, healthService),
    close: () => channel.close(),
  };
}

export const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');

export const text = (value: Uint8Array | null | undefined): string => Buffer.from(value ?? []).toString('latin1');

export const number = clampInteger;

/** A key-value as `key=value create/mod/version`, its revisions counted from `base`. */
export function kvText(
  kv: NonNullable<etcdserverpb.RangeResponse['kvs'][number]> | null | undefined,
  base = 0,
): string {
  if (!kv) return 'none';
  const [create, mod] = [number(kv.create_revision), number(kv.mod_revision)].map((revision) =>
    revision === 0 ? 0 : revision - base,
  );
  return `${text(kv.key)}=${text(kv.value)} ${create}/${mod}/${number(kv.version)}`;
}

/** One stream of requests that is asked and read step by step. */
export interface Stream<Request, Response> {
  ask(request: Request): void;
  next(): Promise<Response>;
  /** Says that no request follows. */
  end(): void;
  close(): void;
}

export function openStream<Request, Response>(
  call: (requests: AsyncIterable<Request>, options: CallOptions) => AsyncIterable<Response>,
  options: CallOptions = {},
): Stream<Request, Response> {
  const abort = new AbortController();
  const waiting: Request[] = [];
  let over = false;
  let wake: (() => void) | undefined;
  async function* requests(): AsyncGenerator<Request, void> {
    for (;;) {
      const request = waiting.shift();
      if (request !== undefined) yield request;
      else if (over) return;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  }
  const responses = call(requests(), { ...options, signal: abort.signal })[Symbol.asyncIterator]();
  // The call begins with its first read.
  let first: Promise<IteratorResult<Response>> | undefined = responses.next();
  first.catch((error: unknown) => error);
  const end = (): void => {
    over = true;
    wake?.();
  };
  return {
    ask(request) {
      waiting.push(request);
      wake?.();
    },
    async next() {
      const result = await (first ?? responses.next());
      first = undefined;
      if (result.done === true) throw new Error('the stream ended');
      return result.value;
    },
    end,
    close() {
      end();
      abort.abort();
      responses.next().catch((error: unknown) => error);
    },
  };
}

/** A watch response as text: its id, what it says, its events; revisions counted from `base`. */
export function watchText(response: etcdserverpb.WatchResponse, base = 0): string {
  const compacted = number(response.compact_revision);
  const parts = [
    `#${number(response.watch_id)}`,
    response.created ? 'created' : '',
    response.canceled ? 'canceled' : '',
    response.fragment ? 'fragment' : '',
    response.cancel_reason,
    compacted > 0 ? `compacted ${compacted - base}` : '',
    ...response.events.map(({ type, kv, prev_kv }) => {
      const before = prev_kv ? ` <${kvText(prev_kv, base)}>` : '';
      return `${type === 1 ? '-' : '+'}${kvText(kv, base)}${before}`;
    }),
  ];
  return parts.filter(Boolean).join(' ');
}
