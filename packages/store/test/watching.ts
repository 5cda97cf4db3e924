/** A watch hub whose later slices run when a test says so, and streams that are read one response at a time. */
import { seededRandomness } from '@flotilla/base';
import { Encoded, type EncodedRun, etcdserverpb } from '@flotilla/wire';
import { type Store, type WatchHub, type WatchHubOptions, type WatchStream, createWatchHub } from '@flotilla/store';
import { createTestClock } from './test-clock.ts';

export type WatchResponse = etcdserverpb.WatchResponse;

export interface TestStream {
  readonly stream: WatchStream;
  /** How the call was ended, once it was. */
  readonly ended: { readonly error: Error | undefined } | undefined;
  create(request: etcdserverpb.WatchCreateRequest.$Properties): void;
  cancel(id: number): void;
  requestProgress(): void;
  /** The next response that is ready, if there is one. */
  next(): Promise<WatchResponse | undefined>;
  /** All responses that are ready. */
  all(): Promise<WatchResponse[]>;
}

export function createTestHub(store: Store, options: Partial<WatchHubOptions> = {}) {
  const clock = createTestClock();
  const slices: (() => void)[] = [];
  const hub: WatchHub = createWatchHub(store, {
    clock,
    randomness: seededRandomness(1),
    defer: (slice) => slices.push(slice),
    onFailure: (error) => {
      throw error;
    },
    ...options,
  });
  return {
    hub,
    clock,
    /** Runs what waits; true when there was something. */
    runSlice(): boolean {
      const slice = slices.shift();
      slice?.();
      return slice !== undefined;
    },
    runSlices(): void {
      while (this.runSlice()) continue;
    },
    open: (maxFragmentBytes = 2 * 1024 * 1024) => openTestStream(hub, maxFragmentBytes),
  };
}

function openTestStream(hub: WatchHub, maxFragmentBytes: number): TestStream {
  const header = () => ({ clusterId: 11n, memberId: 12n, raftTerm: 3 });
  const sink = createPulledSink();
  const stream = hub.openStream({ header, maxFragmentBytes, sink });
  const next = async (): Promise<WatchResponse | undefined> => {
    const response = sink.take();
    // What waits behind it reaches the sink before the turn ends.
    await new Promise((resolve) => setImmediate(resolve));
    return response && decoded(response);
  };
  return {
    stream,
    get ended() {
      return sink.ended;
    },
    create: (request) => stream.receive({ create_request: request }),
    cancel: (watch_id) => stream.receive({ cancel_request: { watch_id } }),
    requestProgress: () => stream.receive({ progress_request: {} }),
    next,
    async all() {
      const found: WatchResponse[] = [];
      for (let response = await next(); response; response = await next()) found.push(response);
      return found;
    },
  };
}

type Response = etcdserverpb.WatchResponse.$Properties | Encoded;

/** A sink that holds one response until it is taken. */
function createPulledSink() {
  let held: Response | undefined;
  let ended: { readonly error: Error | undefined } | undefined;
  let drained = (): void => undefined;
  return {
    get ended() {
      return ended;
    },
    take(): Response | undefined {
      const response = held;
      held = undefined;
      if (response) drained();
      return response;
    },
    write(response: Response): boolean {
      if (held) throw new Error('written before it was drained');
      held = response;
      return false;
    },
    drained: () =>
      new Promise<void>((resolve) => {
        drained = resolve;
      }),
    end(error?: Error): void {
      ended ??= { error };
    },
  };
}

/** A sink that takes all that comes, single or in runs. */
export function createOpenSink() {
  const responses: WatchResponse[] = [];
  let runCount = 0;
  return {
    responses,
    get runCount() {
      return runCount;
    },
    write(response: Response): boolean {
      responses.push(decoded(response));
      return true;
    },
    writeRun({ head, middles, tail }: EncodedRun): boolean {
      runCount++;
      for (const middle of middles) this.write(new Encoded(Buffer.concat([head, middle, tail])));
      return true;
    },
    drained: () => Promise.resolve(),
    end: () => undefined,
  };
}

function decoded(response: etcdserverpb.WatchResponse.$Properties | Encoded): WatchResponse {
  const { WatchResponse: type } = etcdserverpb;
  return type.decode(response instanceof Encoded ? response.bytes : type.encode(response).finish());
}
