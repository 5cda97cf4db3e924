/** Clients that write, count, read, watch and keep leases while the members under them come and go, and remember all of it. */
import { RpcError, clampInteger, etcdserverpb } from '@flotilla/wire';
import type { Change, History, Tenancy } from './chaos-history.ts';
import { type TestClient, connect } from './cluster.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text);
const textOf = (value: Uint8Array | null | undefined): string => Buffer.from(value ?? []).toString();
const callTimeoutMs = 4000;
const leaseTtlSeconds = 2;

export interface Load {
  readonly history: History;
  /** Ends the writing; resolves with the revision of the last change, leases expired. */
  settle(): Promise<number>;
  /** Resolves when every watcher has seen up to `revision`, and ends all. */
  stop(revision: number): Promise<void>;
}

/** @param random in [0, 1). */
export function startLoad(endpoints: readonly string[], random: () => number): Load {
  const clients = endpoints.map(connect);
  const history: History = { writes: [], reads: [], tenancies: [], watchers: new Map() };
  const ending = new AbortController();
  let isSettling = false;
  const any = (): TestClient => {
    const client = clients[Math.floor(random() * clients.length)];
    if (!client) throw new Error('no client');
    return client;
  };
  const context: LoadContext = { history, any, isOver: () => isSettling, ending: ending.signal };
  const writers = [0, 1, 2].flatMap((worker) => [
    write(context, `w${worker}`),
    count(context, worker),
    read(context, worker),
    tenant(context, `lease/${worker}`),
  ]);
  const watches = clients.map((client, i) => watch(context, client, `m${i + 1}`));
  return {
    history,
    async settle() {
      isSettling = true;
      await Promise.all(writers);
      const last = await insistently(() => any().kv.Put({ key: bytes('end') }));
      return clampInteger(last.header?.revision);
    },
    async stop(revision) {
      while ([...history.watchers.values()].some((seen) => (seen.at(-1)?.revision ?? 0) < revision)) await pause();
      ending.abort();
      await Promise.all(watches);
      for (const client of clients) client.close();
    },
  };
}

/** Fills a cluster with values that nobody looks at. */
export async function putBallast(endpoint: string, totalBytes: number): Promise<void> {
  const client = connect(endpoint);
  const valueBytes = 100_000;
  for (let i = 0; i * valueBytes < totalBytes; i++) {
    await insistently(() => client.kv.Put({ key: bytes(`ballast/${i}`), value: Buffer.alloc(valueBytes, `${i} `) }));
  }
  client.close();
}

/** All changes of a store, as a watch from the first revision on shows them. */
export async function wholeHistory(endpoint: string, upTo: number): Promise<readonly Change[]> {
  const client = connect(endpoint);
  const changes: Change[] = [];
  const abort = new AbortController();
  await client.kv.Range({ key: bytes('end') }, { waitForReady: true });
  try {
    for await (const { events } of client.watch.Watch(everythingFrom(1, abort.signal), { signal: abort.signal })) {
      changes.push(...events.map(changeOf));
      if ((changes.at(-1)?.revision ?? 0) >= upTo) break;
    }
  } finally {
    abort.abort();
    client.close();
  }
  return changes;
}

interface LoadContext {
  readonly history: History;
  readonly any: () => TestClient;
  readonly isOver: () => boolean;
  readonly ending: AbortSignal;
}

async function write({ history, any, isOver }: LoadContext, name: string): Promise<void> {
  for (let i = 0; !isOver(); i++) {
    const [key, value] = [`put/${i % 7}`, `${name}-${i}`];
    const startMs = performance.now();
    const answer = await attempt(() =>
      any().kv.Put({ key: bytes(key), value: bytes(value) }, { timeoutMs: callTimeoutMs }),
    );
    if (!answer) continue;
    history.writes.push({
      key,
      value,
      startMs,
      endMs: performance.now(),
      revision: clampInteger(answer.header?.revision),
    });
  }
}

/** Adds one to a counter in a transaction on its mod revision, through whichever members. */
async function count({ history, any, isOver }: LoadContext, worker: number): Promise<void> {
  for (let i = 0; !isOver(); i++) {
    const key = `counter/${i % 2}`;
    const before = await attempt(() => any().kv.Range({ key: bytes(key) }, { timeoutMs: callTimeoutMs }));
    if (!before) continue;
    const [kv] = before.kvs;
    const value = `${(Number.parseInt(textOf(kv?.value), 10) || 0) + 1} by ${worker}-${i}`;
    const startMs = performance.now();
    const answer = await attempt(() =>
      any().kv.Txn(
        {
          compare: [
            { key: bytes(key), target: etcdserverpb.Compare.CompareTarget.MOD, mod_revision: kv?.mod_revision ?? 0 },
          ],
          success: [{ request_put: { key: bytes(key), value: bytes(value) } }],
        },
        { timeoutMs: callTimeoutMs },
      ),
    );
    if (answer?.succeeded !== true) continue;
    history.writes.push({
      key,
      value,
      startMs,
      endMs: performance.now(),
      revision: clampInteger(answer.header?.revision),
    });
  }
}

async function read({ history, any, isOver }: LoadContext, worker: number): Promise<void> {
  for (let i = worker; !isOver(); i++) {
    const key = i % 3 === 0 ? `counter/${i % 2}` : `put/${i % 7}`;
    const startMs = performance.now();
    const answer = await attempt(() => any().kv.Range({ key: bytes(key) }, { timeoutMs: callTimeoutMs }));
    if (!answer) continue;
    const [kv] = answer.kvs;
    const value = kv ? textOf(kv.value) : undefined;
    history.reads.push({
      key,
      value,
      startMs,
      endMs: performance.now(),
      revision: clampInteger(answer.header?.revision),
    });
  }
}

/** Takes a lease for a key, renews it for a while, then lets it go; again and again. */
async function tenant({ history, any, isOver }: LoadContext, name: string): Promise<void> {
  for (let i = 0; !isOver(); i++) {
    const key = `${name}/${i}`;
    const grantedMs = performance.now();
    const grant = await attempt(() => any().lease.LeaseGrant({ TTL: leaseTtlSeconds }, { timeoutMs: callTimeoutMs }));
    if (!grant) continue;
    const put = await attempt(() =>
      any().kv.Put({ key: bytes(key), value: bytes(key), lease: grant.ID }, { timeoutMs: callTimeoutMs }),
    );
    if (!put) continue;
    const tenancy: Tenancy = { key, promisedUntilMs: grantedMs + leaseTtlSeconds * 1000, goneMs: undefined };
    history.tenancies.push(tenancy);
    for (let renewals = i % 4; renewals > 0; renewals--) {
      await pause(leaseTtlSeconds * 300);
      const sentMs = performance.now();
      const ttlSeconds = await attempt(() => keepAlive(any(), grant.ID));
      if (ttlSeconds === undefined) continue;
      if (ttlSeconds === 0) break;
      tenancy.promisedUntilMs = Math.max(tenancy.promisedUntilMs, sentMs + ttlSeconds * 1000);
    }
    const isThere = async (): Promise<boolean> =>
      (await insistently(() => any().kv.Range({ key: bytes(key) }, { timeoutMs: callTimeoutMs }))).kvs.length > 0;
    while (await isThere()) await pause();
    // A watcher may have seen it go earlier.
    tenancy.goneMs ??= performance.now();
  }
}

async function keepAlive(
  { lease }: TestClient,
  ID: etcdserverpb.LeaseGrantResponse['ID'],
): Promise<number | undefined> {
  async function* once(): AsyncGenerator<{ ID: typeof ID }, void> {
    yield { ID };
    await Promise.resolve();
  }
  for await (const answer of lease.LeaseKeepAlive(once(), { timeoutMs: callTimeoutMs }))
    return clampInteger(answer.TTL);
  return undefined;
}

/** Follows everything through one member, and goes on where it was when the stream breaks. */
async function watch({ history, ending }: LoadContext, client: TestClient, name: string): Promise<void> {
  const seen: Change[] = [];
  history.watchers.set(name, seen);
  while (!ending.aborted) {
    const abort = new AbortController();
    const stop = (): void => abort.abort();
    ending.addEventListener('abort', stop, { once: true });
    const from = (seen.at(-1)?.revision ?? 1) + 1;
    const answers = client.watch.Watch(everythingFrom(from, abort.signal), { signal: abort.signal });
    await attempt(async () => {
      for await (const { events } of answers) {
        const changes = events.map(changeOf);
        seen.push(...changes);
        for (const { key, value } of changes) if (value === undefined) noteGone(history, key);
      }
    });
    ending.removeEventListener('abort', stop);
    abort.abort();
  }
}

function noteGone({ tenancies }: History, key: string): void {
  const tenancy = tenancies.find((other) => other.key === key);
  if (tenancy) tenancy.goneMs = Math.min(tenancy.goneMs ?? Infinity, performance.now());
}

async function* everythingFrom(
  start_revision: number,
  end: AbortSignal,
): AsyncGenerator<etcdserverpb.WatchRequest.$Properties, void> {
  yield { create_request: { key: bytes('\0'), range_end: bytes('\0'), start_revision } };
  await new Promise<void>((resolve) => end.addEventListener('abort', () => resolve(), { once: true }));
}

function changeOf({ type, kv }: etcdserverpb.WatchResponse['events'][number]): Change {
  const isDelete = type === 1;
  return {
    revision: clampInteger(kv?.mod_revision),
    key: textOf(kv?.key),
    value: isDelete ? undefined : textOf(kv?.value),
  };
}

/** The answer, or nothing when there was none: then it may or may not have happened. */
async function attempt<T>(call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    await pause();
    return undefined;
  }
}

async function insistently<T>(call: () => Promise<T>): Promise<T> {
  for (;;) {
    const answer = await attempt(call);
    if (answer !== undefined) return answer;
  }
}

function pause(ms = 20): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
