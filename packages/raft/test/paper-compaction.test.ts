// The Raft paper, section 7, and the thesis, chapter 5 (log compaction): one test a rule.
import t from 'tap';
import { confirm, data, entry, five, leader, log, ofType, settle, solo, three } from './harness/solo.ts';

const message = { from: 2n, to: 1n, term: 3 } as const;
const snapshot = { index: 5, term: 2, config: five };

t.test('7: a member forgets the log up to an applied index on its own, and keeps what follows', (t) => {
  const raft = leader();
  confirm(raft, { from: 2n, index: 1 });
  raft.propose(data('a', 'b'));
  settle(raft);
  confirm(raft, { from: 2n, index: 3 });
  settle(raft);
  raft.compact(2);
  t.match(raft.status(), { compactedIndex: 2, lastIndex: 3, commit: 3 });
  raft.compact(1);
  t.equal(raft.status().compactedIndex, 2, 'never backwards');
  t.throws(() => raft.compact(4), /compacted only what is applied/);
  t.end();
});

t.test('7: index and term of the last forgotten entry are kept for the check of the first append after it', (t) => {
  const raft = solo({ initial: { snapshot } });
  const append = { type: 'append', ...message, prevIndex: 5, commit: 5 } as const;
  raft.step({ ...append, prevTerm: 1, entries: [] });
  raft.step({ ...append, prevTerm: 2, entries: [entry({ term: 3, index: 6 })] });
  t.match(
    ofType(settle(raft).sent, 'appendResponse').map(({ rejected }) => rejected),
    [true, false],
    'an append after another entry 5 is refused',
  );
  t.equal(raft.status().lastIndex, 6);
  t.end();
});

t.test('7: a leader sends a snapshot when the next entry for a follower is forgotten', (t) => {
  const raft = leader();
  for (const from of [2n, 3n]) confirm(raft, { from, index: 1 });
  raft.propose(data('a', 'b'));
  settle(raft);
  confirm(raft, { from: 2n, index: 3 });
  settle(raft);
  raft.compact(3);
  raft.reportUnreachable(3n);
  t.strictSame(
    ofType(settle(raft).sent, 'snapshot').map(({ to, snapshot: sent }) => [to, sent]),
    [[3n, { index: 3, term: 1, config: three }]],
    'with index, term and configuration',
  );
  raft.propose(data('c'));
  t.notOk(
    ofType(settle(raft).sent, 'append').some(({ to }) => to === 3n),
    'nothing follows before it has arrived',
  );
  confirm(raft, { from: 3n, index: 3 });
  t.match(ofType(settle(raft).sent, 'append'), [{ to: 3n, prevIndex: 3, entries: [{ index: 4 }] }], 'then the rest');
  t.end();
});

t.test('7: a snapshot that failed is sent again once the follower is heard', (t) => {
  const raft = leader();
  for (const from of [2n, 3n]) confirm(raft, { from, index: 1 });
  raft.propose(data('a'));
  settle(raft);
  confirm(raft, { from: 2n, index: 2 });
  settle(raft);
  raft.compact(2);
  raft.reportUnreachable(3n);
  settle(raft);
  raft.reportSnapshot(3n, false);
  t.equal(ofType(settle(raft).sent, 'snapshot').length, 0);
  raft.tick();
  raft.tick();
  raft.step({ type: 'heartbeatResponse', from: 3n, to: 1n, term: 1, round: 0 });
  t.equal(ofType(settle(raft).sent, 'snapshot').length, 1);
  t.end();
});

t.test('7: a follower puts a newer snapshot in the place of its whole log, and takes its configuration', (t) => {
  const raft = solo({ entries: log(1, 1) });
  raft.step({ type: 'snapshot', ...message, snapshot });
  const ready = raft.ready();
  t.match(ready, { snapshot, mustSync: true, entries: [], committed: [] });
  t.match(ready?.messagesAfterSync, [{ type: 'appendResponse', index: 5 }], 'told only when it is durable');
  if (ready !== undefined) raft.synced(ready);
  t.match(raft.status(), { lastIndex: 5, commit: 5, applied: 5, compactedIndex: 5, config: five });
  t.end();
});

t.test('7: a follower that holds the last entry of a snapshot keeps its log, and what follows', (t) => {
  const raft = solo({ entries: log(1, 1, 2, 2, 2, 2) });
  raft.step({ type: 'snapshot', ...message, snapshot });
  const { sent, applied } = settle(raft);
  t.match(sent, [{ type: 'appendResponse', index: 5 }]);
  t.equal(applied.length, 5, 'it learns that they are committed');
  t.match(raft.status(), { lastIndex: 6, compactedIndex: 0, config: three });
  t.end();
});

t.test('7: an older snapshot changes nothing, and is answered with what is there', (t) => {
  const raft = solo({ entries: log(1, 1, 1, 1, 1, 1), hardState: { term: 3, vote: 0n, commit: 6 } });
  raft.step({ type: 'snapshot', ...message, snapshot });
  t.match(settle(raft).sent, [{ type: 'appendResponse', index: 6, rejected: false }]);
  t.match(raft.status(), { lastIndex: 6, compactedIndex: 0 });
  t.end();
});

t.test('7: a snapshot of an earlier term is not listened to', (t) => {
  const raft = solo({ hardState: { term: 9, vote: 0n, commit: 0 } });
  raft.step({ type: 'snapshot', ...message, snapshot });
  t.match(raft.status(), { term: 9, lastIndex: 0, leader: 0n });
  t.end();
});

t.test('7: a snapshot is a sign of the leader as any message of it', (t) => {
  const raft = solo();
  raft.campaign();
  settle(raft);
  raft.step({ type: 'snapshot', ...message, term: 1, snapshot: { ...snapshot, term: 1 } });
  t.match(raft.status(), { role: 'follower', leader: 2n });
  t.end();
});

t.test('7: entries after a snapshot are handed out only when it is in place', (t) => {
  const raft = solo();
  raft.step({ type: 'snapshot', ...message, snapshot });
  const ready = raft.ready();
  const next = [entry({ term: 3, index: 6 })];
  raft.step({ type: 'append', ...message, prevIndex: 5, prevTerm: 2, commit: 6, entries: next });
  t.equal(raft.ready(), undefined);
  if (ready !== undefined) raft.synced(ready);
  const { applied } = settle(raft);
  t.match(applied, [{ index: 6 }]);
  t.end();
});
