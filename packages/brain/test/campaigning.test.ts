/** Who campaigns when there is no leader to wait for. */
import t from 'tap';
import { Campaigning } from '@flotilla/brain';
import { createManualClock, seededRandomness } from '@flotilla/base';
import { type NodeId, createRaft } from '@flotilla/raft';

const voters = [1n, 2n, 3n];

/** A voter that has just started, and is told whom it can reach. */
function start(id: NodeId, reachable: readonly NodeId[]) {
  const clock = createManualClock();
  const randomness = seededRandomness(Number(id));
  const config = { voters, votersOutgoing: [], learners: [] };
  const raft = createRaft({ id, config, electionTimeoutTicks: 10, random: () => randomness.next() });
  const connected = (other: NodeId): boolean => reachable.includes(other);
  const campaigning = new Campaigning({ raft, clock, randomness, connected, schedule: () => undefined });
  campaigning.consider();
  return {
    raft,
    campaigning,
    /** Whether it has asked for pre-votes since the last question, that many milliseconds later. */
    async asksAfter(ms: number): Promise<boolean> {
      await clock.advance(ms);
      return raft.ready()?.messages.some(({ type }) => type === 'preVote') ?? false;
    },
  };
}

t.test(
  'of the voters that can be reached, the one of the lowest id asks first, each other one in its turn',
  async (t) => {
    const [first, second, third] = [start(1n, [2n, 3n]), start(2n, [1n, 3n]), start(3n, [1n, 2n])];
    t.equal(await first.asksAfter(4), false, 'a little time for the others to see what it has seen');
    t.equal(await first.asksAfter(4), true);
    t.equal(await second.asksAfter(19), false);
    t.equal(await second.asksAfter(4), true);
    t.equal(await third.asksAfter(34), false);
    t.equal(await third.asksAfter(4), true);
    t.equal(await start(3n, [2n]).asksAfter(19), false, 'nobody waits for one that is not there');
    t.equal(await start(3n, [2n]).asksAfter(23), true);
  },
);

t.test('without a majority nobody asks', async (t) => {
  t.equal(await start(1n, []).asksAfter(10_000), false);
});

t.test('who gets no leader asks again, sooner or later', async (t) => {
  const one = start(1n, [2n]);
  t.equal(await one.asksAfter(8), true);
  t.equal(await one.asksAfter(55), true);
  one.campaigning.stop();
  t.equal(await one.asksAfter(10_000), false);
});

t.test('who has heard of a leader meanwhile does not ask', async (t) => {
  const member = start(2n, [1n, 3n]);
  member.raft.step({ type: 'heartbeat', from: 1n, to: 2n, term: 1, commit: 0, round: 0 });
  t.equal(await member.asksAfter(10_000), false);
});
