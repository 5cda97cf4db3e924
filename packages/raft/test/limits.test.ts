// Limits and flow: how much is under way, and what is not repeated.
import type { Message } from '@flotilla/raft';
import t from 'tap';
import { confirm, data, entry, leader, log, ofType, settle, solo, three } from './harness/solo.ts';

const append = { type: 'append', from: 2n, to: 1n, term: 1, prevIndex: 0, prevTerm: 0, commit: 0 } as const;
const refusal = { type: 'appendResponse', from: 2n, to: 1n, term: 1, rejected: true } as const;

/** The follower `from` answers a heartbeat. */
function answered(from: bigint): Message {
  return { type: 'heartbeatResponse', from, to: 1n, term: 1, round: 0 };
}

t.test('proposals beyond the uncommitted limit are dropped until entries commit', (t) => {
  const raft = leader({ maxUncommittedBytes: 100 });
  confirm(raft, { from: 2n, index: 1 });
  t.equal(raft.propose(data('x'.repeat(500))), 'accepted', 'an idle leader takes a batch of any size');
  t.equal(raft.propose(data('y')), 'dropped');
  settle(raft);
  confirm(raft, { from: 2n, index: 2 });
  t.equal(raft.propose(data('y')), 'accepted');
  t.end();
});

t.test('committed entries are handed out in portions, in order and each once', (t) => {
  const raft = solo({ maxCommittedBytes: 40 });
  raft.step({ ...append, entries: log(1, 1, 1, 1, 1), commit: 5 });
  const portions: number[][] = [];
  for (let ready = raft.ready(); ready !== undefined; ready = raft.ready()) {
    if (ready.mustSync) raft.synced(ready);
    portions.push(ready.committed.map(({ index }) => index));
  }
  t.strictSame(portions.slice(0, 3), [[1, 2], [3, 4], [5]]);
  t.end();
});

t.test('reads beyond the limit are dropped', (t) => {
  const raft = leader({ maxPendingReads: 2 });
  t.strictSame(
    ['a', 'b', 'c'].map((context) => raft.readIndex(context)),
    ['accepted', 'accepted', 'dropped'],
  );
  confirm(raft, { from: 2n, index: 1 });
  settle(raft);
  raft.step({ type: 'heartbeatResponse', from: 2n, to: 1n, term: 1, round: 1 });
  t.match(raft.ready()?.readStates, [{ context: 'a' }, { context: 'b' }]);
  t.equal(raft.readIndex('d'), 'accepted', 'answered reads make room');
  t.end();
});

t.test('the window to a follower is bounded in bytes too, but one entry of any size travels', (t) => {
  const raft = leader({ maxInflightBytes: 100, maxMessageBytes: 50 });
  for (const from of [2n, 3n]) confirm(raft, { from, index: 1 });
  settle(raft);
  raft.propose(data('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'));
  const sizes = ofType(settle(raft).sent, 'append')
    .filter(({ to, entries }) => to === 2n && entries.length > 0)
    .map(({ entries }) => entries.length);
  t.strictSame(sizes, [2, 2, 2], '34 bytes a message, until 100 are reached');
  confirm(raft, { from: 2n, index: 3 });
  t.equal(ofType(settle(raft).sent, 'append').filter(({ to, entries }) => to === 2n && entries.length > 0).length, 1);
  raft.propose(data('x'.repeat(1000)));
  confirm(raft, { from: 2n, index: 11 });
  t.match(ofType(settle(raft).sent, 'append')[0]?.entries, [{ index: 12 }]);
  t.end();
});

t.test('acknowledgements that wait for one write become one, for the highest index', (t) => {
  const raft = solo();
  raft.step({ ...append, entries: log(1, 1) });
  raft.step({ ...append, prevIndex: 2, prevTerm: 1, entries: [entry({ term: 1, index: 3 })] });
  raft.step({ ...append, entries: log(1) });
  const { sent } = settle(raft);
  t.strictSame(
    ofType(sent, 'appendResponse').map(({ index }) => index),
    [3],
  );
  t.end();
});

t.test('a campaign does not begin anew before its own vote is durable, and then it does', (t) => {
  const raft = solo();
  raft.campaign();
  const ready = raft.ready();
  raft.campaign();
  t.equal(raft.term, 1);
  if (ready !== undefined) raft.synced(ready);
  raft.campaign();
  t.equal(raft.term, 2);
  t.end();
});

t.test('no snapshot is sent to a member that is not heard', (t) => {
  const raft = leader({ checkQuorum: true });
  for (const from of [2n, 3n]) confirm(raft, { from, index: 1 });
  raft.propose(data('a'));
  settle(raft);
  confirm(raft, { from: 2n, index: 2 });
  settle(raft);
  for (let tick = 0; tick < 10; tick++) raft.tick();
  raft.compact(2);
  raft.reportUnreachable(3n);
  t.equal(ofType(settle(raft).sent, 'snapshot').length, 0);
  raft.step(answered(3n));
  t.match(ofType(settle(raft).sent, 'snapshot'), [{ to: 3n, snapshot: { index: 2, term: 1 } }]);
  t.end();
});

t.test('a member that refuses what it had confirmed is not probed again at once', (t) => {
  const raft = leader();
  confirm(raft, { from: 2n, index: 1 });
  raft.reportUnreachable(2n);
  t.equal(ofType(settle(raft).sent, 'append').filter(({ to }) => to === 2n).length, 1);
  raft.step({ ...refusal, index: 1, hintIndex: 0, hintTerm: 0 });
  t.equal(raft.hasReady(), false);
  for (let interval = 0; interval < 3; interval++) {
    raft.tick();
    raft.step(answered(2n));
  }
  t.equal(ofType(settle(raft).sent, 'append').length, 1, 'but at the pace of heartbeats');
  t.end();
});

t.test('read rounds do not repeat what is under way to a follower', (t) => {
  const raft = leader();
  for (const from of [2n, 3n]) confirm(raft, { from, index: 1 });
  raft.propose(data('a'));
  settle(raft);
  for (const context of ['x', 'y', 'z']) {
    raft.readIndex(context);
    t.equal(ofType(settle(raft).sent, 'append').length, 0);
    raft.step(answered(2n));
  }
  t.equal(ofType(settle(raft).sent, 'append').length, 0);
  t.end();
});

t.test('a snapshot counts as synced only when it is installed, also when an older write ends before', (t) => {
  const raft = solo();
  raft.step({ ...append, entries: log(1, 1), commit: 1 });
  const old = raft.ready();
  const snapshot = { index: 5, term: 1, config: three };
  raft.step({ type: 'snapshot', from: 2n, to: 1n, term: 1, snapshot });
  raft.step({ ...append, prevIndex: 5, prevTerm: 1, entries: [entry({ term: 1, index: 6 })], commit: 6 });
  t.match(raft.status(), { syncedIndex: 0, compactedIndex: 5, commit: 6 });
  if (old !== undefined) raft.synced(old);
  t.equal(raft.status().syncedIndex, 0);
  const ready = raft.ready();
  t.match(ready, { snapshot, entries: [{ index: 6 }], committed: { length: 0 }, messages: { length: 0 } });
  if (ready !== undefined) raft.synced(ready);
  t.match(raft.status(), { syncedIndex: 6, applied: 5 });
  t.match(raft.ready(), { committed: [{ index: 6 }] }, 'what follows is applied only then');
  t.end();
});
