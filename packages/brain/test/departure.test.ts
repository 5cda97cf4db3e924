/** How a removed member hears of it, without a network. */
import t from 'tap';
import { createManualClock } from '@flotilla/base';
import {
  Departure,
  type DepartureOptions,
  Roster,
  type RosterOptions,
  decodeValue,
  encodeValue,
} from '@flotilla/brain';
import type { Config } from '@flotilla/raft';

const [self, other] = [1n, 2n];
const electionTimeoutMs = 100;

interface Situation {
  readonly config: Config;
  readonly removed?: readonly bigint[];
  readonly isLeaderKnown?: boolean;
  readonly roster?: Roster;
}

function begin({ config, removed = [], isLeaderKnown = true, roster }: Situation) {
  const clock = createManualClock();
  const state = { asked: 0, left: 0, isRemoved: false };
  const options = {
    self,
    machine: { store: { membership: { removed: new Set(removed) } } },
    raft: { config },
    transport: {
      connected: () => true,
      ask() {
        state.asked++;
        return Promise.resolve(encodeValue({ isRemoved: state.isRemoved }));
      },
    },
    leadership: { leads: false, known: isLeaderKnown, sinceMs: 0 },
    clock,
    electionTimeoutMs,
    roster: roster ?? { others: [other], mayDismiss: () => false },
    signal: new AbortController().signal,
    leave: () => void state.left++,
  };
  const departure = new Departure(options as unknown as DepartureOptions);
  const pass = async (forMs: number): Promise<void> => {
    for (let ms = 0; ms < forMs; ms += 10) {
      departure.consider();
      await clock.advance(10);
    }
  };
  return { departure, state, pass };
}

const noVote: Config = { voters: [other], votersOutgoing: [], learners: [self] };
const vote: Config = { voters: [self, other], votersOutgoing: [], learners: [] };
const nobody: Config = { voters: [], votersOutgoing: [], learners: [] };

t.test('a voter that knows a leader asks nobody', async (t) => {
  const { state, pass } = begin({ config: vote });
  await pass(2000);
  t.equal(state.asked, 0);
});

t.test('a voter that has heard of no leader for long asks, and leaves when it is told so', async (t) => {
  const { state, pass } = begin({ config: vote, isLeaderKnown: false });
  await pass(2 * electionTimeoutMs);
  t.equal(state.asked, 0);
  await pass(2 * electionTimeoutMs);
  t.ok(state.asked > 0);
  t.equal(state.left, 0);
  state.isRemoved = true;
  await pass(electionTimeoutMs);
  t.equal(state.left, 1);
});

for (const [who, config] of [
  ['a learner', noVote],
  ['a newcomer that waits for its first snapshot', nobody],
] as const) {
  t.test(`${who} asks now and then, because it does not notice that its leader is silent`, async (t) => {
    const { state, pass } = begin({ config });
    await pass(20 * electionTimeoutMs);
    t.ok(state.asked >= 3 && state.asked <= 5, `${state.asked} times in twenty election timeouts`);
    state.isRemoved = true;
    await pass(6 * electionTimeoutMs);
    t.equal(state.left, 1);
  });
}

t.test(
  'only a voter that knows it durably says that a member was removed, and not while that has a vote in the old half',
  async (t) => {
    const answer = (config: Config, { removed = [other], durable = 5 } = {}): unknown => {
      const state = { durable: { index: durable }, flush: () => Promise.resolve() };
      const machine = {
        state,
        store: { appliedIndex: 5, membership: { removed: new Set(removed), members: new Map() } },
      };
      const roster = new Roster({
        machine,
        raft: { config },
        membership: { self: { id: self }, members: [] },
        transport: { setPeers: () => undefined },
      } as unknown as RosterOptions);
      roster.reconfigured();
      return decodeValue(begin({ config, roster }).departure.answer(other))['isRemoved'];
    };
    t.equal(answer({ voters: [self], votersOutgoing: [], learners: [] }), true);
    t.equal(answer({ voters: [self], votersOutgoing: [], learners: [] }, { removed: [] }), false);
    t.equal(answer({ voters: [self], votersOutgoing: [], learners: [] }, { durable: 4 }), false);
    t.equal(answer({ voters: [3n], votersOutgoing: [], learners: [self] }), false);
    t.equal(answer({ voters: [self], votersOutgoing: [self, other], learners: [] }), false);
  },
);

t.test('a removed voter of the old half is answered after a restart too, when its record is gone', (t) => {
  const peersOf = (config: Config): readonly bigint[] => {
    let peers: readonly bigint[] = [];
    const roster = new Roster({
      machine: {
        state: { durable: { index: 5 } },
        store: {
          appliedIndex: 5,
          membership: { config: new Uint8Array(1), removed: new Set([other]), members: new Map() },
        },
      },
      raft: { config },
      membership: { self: { id: self }, members: [] },
      leadership: { leader: 0n },
      clock: createManualClock(),
      electionTimeoutMs,
      transport: { setPeers: (next: readonly { id: bigint }[]) => (peers = next.map(({ id }) => id)) },
    } as unknown as RosterOptions);
    roster.refresh();
    t.strictSame(peers, []);
    roster.standing({ id: other, peerUrls: ['http://127.0.0.1:1'] });
    return peers;
  };
  t.strictSame(peersOf({ voters: [self], votersOutgoing: [self, other], learners: [] }), [other]);
  t.strictSame(peersOf({ voters: [self], votersOutgoing: [], learners: [] }), []);
  t.end();
});
