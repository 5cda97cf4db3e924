// The Raft paper, section 8, and the thesis, chapter 6, as far as they are raft's business: one test a rule.
import type { Raft } from '@flotilla/raft';
import t from 'tap';
import { confirm, data, five, leader, log, ofType, settle, solo } from './harness/solo.ts';

/** The follower `from` echoes a round of heartbeats. */
function echo(raft: Raft, { from, round }: { from: bigint; round: number }): void {
  raft.step({ type: 'heartbeatResponse', from, to: 1n, term: raft.term, round });
}

const caughtUp = (options = {}): Raft => {
  const raft = leader(options);
  for (const from of [2n, 3n]) confirm(raft, { from, index: raft.status().lastIndex });
  settle(raft);
  return raft;
};

t.test('6.2: who does not lead passes proposals and reads on to the leader it knows', (t) => {
  const raft = solo();
  raft.step({ type: 'heartbeat', from: 2n, to: 1n, term: 1, commit: 0, round: 0 });
  settle(raft);
  t.equal(raft.propose(data('a')), 'accepted');
  t.equal(raft.readIndex('read'), 'accepted');
  t.match(settle(raft).sent, [
    { type: 'propose', to: 2n },
    { type: 'readIndex', to: 2n, context: 'read' },
  ]);
  t.end();
});

t.test('6.2: without a leader it says so, and keeps nothing', (t) => {
  const raft = solo();
  t.equal(raft.propose(data('a')), 'noLeader');
  t.equal(raft.readIndex('read'), 'noLeader');
  t.equal(raft.hasReady(), false);
  t.end();
});

t.test('6.2: what is passed on to one who does not lead is dropped, not passed on again', (t) => {
  const raft = solo();
  raft.step({ type: 'heartbeat', from: 2n, to: 1n, term: 1, commit: 0, round: 0 });
  settle(raft);
  raft.step({ type: 'propose', from: 3n, to: 1n, term: 1, data: data('a') });
  raft.step({ type: 'readIndex', from: 3n, to: 1n, term: 1, context: 'read' });
  t.equal(raft.hasReady(), false);
  t.end();
});

t.test('6.2: a leader takes what is passed on to it, also from a follower that is a term behind', (t) => {
  const raft = leader({ hardState: { term: 4, vote: 0n, commit: 0 } });
  raft.step({ type: 'propose', from: 2n, to: 1n, term: 3, data: data('a', 'b') });
  t.match(raft.ready()?.entries, [{ index: 2 }, { index: 3 }]);
  t.end();
});

t.test('8, 6.4: a leader answers no read before an entry of its term is committed', (t) => {
  const raft = leader({ entries: log(1, 1), hardState: { term: 1, vote: 0n, commit: 2 } });
  raft.readIndex('read');
  t.equal(ofType(settle(raft).sent, 'heartbeat').length, 0, 'not even a round begins');
  confirm(raft, { from: 2n, index: 3 });
  t.match(ofType(settle(raft).sent, 'heartbeat'), [{ round: 1 }, { round: 1 }], 'then it does, by itself');
  echo(raft, { from: 2n, round: 1 });
  t.match(raft.ready()?.readStates, [{ context: 'read', index: 3 }]);
  t.end();
});

t.test('6.4: a read gets the commit index of when it arrived, or a later one', (t) => {
  const raft = caughtUp();
  raft.readIndex('read');
  settle(raft);
  raft.propose(data('a'));
  settle(raft);
  confirm(raft, { from: 2n, index: 2 });
  echo(raft, { from: 2n, round: 1 });
  t.match(raft.ready()?.readStates, [{ context: 'read', index: 1 }]);
  t.end();
});

t.test('8, 6.4: a leader answers a read only after a majority has confirmed that it still leads', (t) => {
  const raft = caughtUp({ config: five });
  raft.readIndex('read');
  settle(raft);
  echo(raft, { from: 2n, round: 1 });
  echo(raft, { from: 2n, round: 1 });
  t.equal(raft.hasReady(), false, 'two of five, one of them twice');
  echo(raft, { from: 3n, round: 1 });
  t.match(raft.ready()?.readStates, [{ context: 'read' }]);
  t.end();
});

t.test('6.4: a confirmation that left before the read came does not count', (t) => {
  const raft = caughtUp();
  raft.tick();
  settle(raft);
  raft.readIndex('read');
  settle(raft);
  echo(raft, { from: 2n, round: 0 });
  t.equal(raft.hasReady(), false);
  raft.readIndex('later');
  settle(raft);
  echo(raft, { from: 2n, round: 1 });
  t.match(raft.ready()?.readStates, [{ context: 'read' }], 'nor that of an earlier round for a later read');
  echo(raft, { from: 2n, round: 2 });
  t.match(raft.ready()?.readStates, [{ context: 'later' }]);
  t.end();
});

t.test('6.4: one round serves all reads that wait for it, and a later one those before', (t) => {
  const raft = caughtUp();
  for (const context of ['a', 'b']) raft.readIndex(context);
  t.equal(ofType(settle(raft).sent, 'heartbeat').length, 2, 'one heartbeat a follower');
  raft.readIndex('c');
  settle(raft);
  echo(raft, { from: 3n, round: 2 });
  t.match(raft.ready()?.readStates, [{ context: 'a' }, { context: 'b' }, { context: 'c' }]);
  t.end();
});

t.test('6.4: a lost round is made up by the next heartbeat', (t) => {
  const raft = caughtUp();
  raft.readIndex('read');
  settle(raft);
  raft.tick();
  t.match(ofType(settle(raft).sent, 'heartbeat'), [{ round: 1 }, { round: 1 }]);
  t.end();
});

t.test('6.4: a leader that is deposed answers no read any more', (t) => {
  const raft = caughtUp();
  raft.readIndex('read');
  settle(raft);
  raft.step({ type: 'heartbeat', from: 2n, to: 1n, term: 2, commit: 0, round: 0 });
  settle(raft);
  raft.step({ type: 'heartbeatResponse', from: 3n, to: 1n, term: 1, round: 1 });
  t.equal(raft.hasReady(), false);
  t.end();
});

t.test('6.4: a follower may serve a read, at the index that the leader gives it', (t) => {
  const raft = caughtUp();
  raft.step({ type: 'readIndex', from: 3n, to: 1n, term: 1, context: 'read' });
  settle(raft);
  echo(raft, { from: 2n, round: 1 });
  const [answer] = settle(raft).sent;
  t.match(answer, { type: 'readIndexResponse', to: 3n, context: 'read', index: 1 });
  const follower = solo({ id: 3n });
  if (answer !== undefined) follower.step(answer);
  t.match(follower.ready()?.readStates, [{ context: 'read', index: 1 }]);
  t.end();
});

t.test('6.4: the leader of one member is its own majority', (t) => {
  const raft = leader({ config: { voters: [1n], votersOutgoing: [], learners: [] } });
  settle(raft);
  raft.readIndex('read');
  t.match(raft.ready()?.readStates, [{ context: 'read', index: 1 }]);
  t.end();
});
