import fc from 'fast-check';
import t from 'tap';
import { createFrameEncoder, decodeFrame, encodeFrames } from '@flotilla/brain';
import type { Entry, Message } from '@flotilla/raft';

const route = { from: 0xa1n, to: 0xfedcba9876543210n };
const number = fc.oneof(fc.nat(), fc.maxSafeNat());
const bytes = fc.uint8Array({ minLength: 0, maxLength: 40 });

const append = fc
  .record({
    prevIndex: fc.nat(),
    prevTerm: number,
    commit: number,
    list: fc.array(fc.record({ term: fc.nat(3), conf: fc.boolean(), data: bytes })),
  })
  .map(({ prevIndex, prevTerm, commit, list }) => ({
    type: 'append' as const,
    prevIndex,
    prevTerm,
    commit,
    entries: list.map(({ term, conf, data }, i): Entry => ({
      term,
      index: prevIndex + 1 + i,
      type: conf ? 'confChange' : 'normal',
      data,
    })),
  }));
const id = fc.bigInt({ min: 1n, max: 2n ** 64n - 1n });
const ids = fc.array(id, { maxLength: 5 });
const body = fc.oneof(
  append,
  fc.record({
    type: fc.constant('appendResponse' as const),
    index: number,
    rejected: fc.boolean(),
    hintIndex: number,
    hintTerm: number,
  }),
  fc.record({ type: fc.constant('heartbeat' as const), commit: number, round: number }),
  fc.record({ type: fc.constant('heartbeatResponse' as const), round: number }),
  fc.record(
    {
      type: fc.constantFrom('vote' as const, 'preVote' as const),
      lastIndex: number,
      lastTerm: number,
      transfer: fc.boolean(),
      committed: fc.record({ index: fc.integer({ min: 1 }), term: number }),
    },
    { requiredKeys: ['type', 'lastIndex', 'lastTerm', 'transfer'] },
  ),
  fc.record(
    {
      type: fc.constantFrom('voteResponse' as const, 'preVoteResponse' as const),
      granted: fc.boolean(),
      committed: fc.record({ index: fc.integer({ min: 1 }), term: number }),
    },
    { requiredKeys: ['type', 'granted'] },
  ),
  fc.record({
    type: fc.constant('snapshot' as const),
    snapshot: fc.record({
      index: number,
      term: number,
      config: fc.record(
        {
          voters: ids,
          votersOutgoing: ids,
          learners: ids,
          learnersNext: fc.array(id, { minLength: 1, maxLength: 5 }),
          autoLeave: fc.constant(true),
        },
        { requiredKeys: ['voters', 'votersOutgoing', 'learners'] },
      ),
    }),
  }),
  fc.record({ type: fc.constant('timeoutNow' as const) }),
  fc.record({ type: fc.constant('readIndex' as const), context: fc.string() }),
  fc.record({ type: fc.constant('readIndexResponse' as const), context: fc.string(), index: number }),
  fc.record({ type: fc.constant('propose' as const), data: fc.array(bytes, { maxLength: 4 }) }),
);
const messages = fc.array(
  fc.tuple(body, number).map(([fields, term]): Message => ({ ...fields, ...route, term })),
  { minLength: 1, maxLength: 8 },
);

/** Buffers and plain arrays of bytes are the same to us. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return [...value];
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, plain(field)]));
}

t.test('messages come out of frames as they went in', (t) => {
  fc.assert(
    fc.property(messages, (sent) => {
      const received = encodeFrames(sent).flatMap((frame) => decodeFrame(frame, route));
      t.strictSame(plain(received), plain(sent));
    }),
    { numRuns: 300 },
  );
  t.end();
});

t.test('large batches are split over frames, and a larger message still travels', (t) => {
  const data = new Uint8Array(3 * 1024 * 1024);
  const propose = (count: number): Message => ({
    type: 'propose',
    ...route,
    term: 1,
    data: Array.from({ length: count }, () => data),
  });
  const frames = encodeFrames([propose(1), propose(1), propose(4)]);
  t.equal(frames.length, 3);
  t.equal(frames.flatMap((frame) => decodeFrame(frame, route)).length, 3);
  t.end();
});

t.test('anything else than a frame is an error, never a message', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (noise) => {
      try {
        t.ok(Array.isArray(decodeFrame(noise, route)));
      } catch (error) {
        t.ok(error instanceof Error);
      }
    }),
    { numRuns: 500 },
  );
  const [frame = new Uint8Array()] = encodeFrames([{ type: 'heartbeat', ...route, term: 3, commit: 2, round: 1 }]);
  for (let size = 0; size < frame.length; size++) t.throws(() => decodeFrame(frame.slice(0, size), route));
  t.throws(() => decodeFrame(Buffer.concat([frame, Buffer.of(0)]), route));
  t.end();
});

t.test('appends that differ in their receiver only are encoded once', (t) => {
  const entries: Entry[] = [{ term: 2, index: 8, type: 'normal', data: Buffer.of(1, 2) }];
  const to = (id: bigint, fields: { commit?: number; entries?: Entry[] } = {}): Message[] => [
    { type: 'append', from: 1n, to: id, term: 2, prevIndex: 7, prevTerm: 1, commit: 6, entries, ...fields },
  ];
  const encode = createFrameEncoder();
  const first = encode(to(2n));
  t.equal(encode(to(3n)), first);
  for (const other of [to(3n, { commit: 5 }), to(3n, { entries: [...entries] })]) {
    const frames = encode(other);
    t.not(frames, first);
    t.strictSame(plain(decodeFrame(frames[0] ?? Buffer.of(), { from: 1n, to: 3n })), plain(other));
  }
  t.end();
});
