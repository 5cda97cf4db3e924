// The Raft thesis, 3.10 (leadership transfer): one test a rule.
import t from 'tap';
import { confirm, data, leader, ofType, settle, solo } from './harness/solo.ts';

const caughtUp = (): ReturnType<typeof leader> => {
  const raft = leader();
  for (const from of [2n, 3n]) confirm(raft, { from, index: 1 });
  settle(raft);
  return raft;
};

t.test('3.10: the leader stops taking proposals', (t) => {
  const raft = caughtUp();
  raft.transferLeadership(2n);
  t.equal(raft.propose(data('a')), 'dropped');
  t.end();
});

t.test('3.10: a target that holds the whole log is told to campaign at once', (t) => {
  const raft = caughtUp();
  t.equal(raft.transferLeadership(2n), 'accepted');
  t.match(ofType(settle(raft).sent, 'timeoutNow'), [{ to: 2n, term: 1 }]);
  t.equal(raft.status().transferee, 2n);
  t.end();
});

t.test('3.10: one that lacks entries gets them first', (t) => {
  const raft = caughtUp();
  raft.propose(data('a'));
  raft.transferLeadership(2n);
  t.match(ofType(settle(raft).sent, 'append'), [{ to: 2n, entries: { length: 1 } }, { to: 3n }]);
  confirm(raft, { from: 3n, index: 2 });
  t.equal(ofType(settle(raft).sent, 'timeoutNow').length, 0);
  confirm(raft, { from: 2n, index: 2 });
  t.match(ofType(settle(raft).sent, 'timeoutNow'), [{ to: 2n }]);
  t.end();
});

t.test('3.10: the target campaigns without waiting, without asking before, and its votes pass', (t) => {
  const raft = solo({ preVote: true, checkQuorum: true });
  raft.step({ type: 'timeoutNow', from: 2n, to: 1n, term: 1 });
  t.match(raft.status(), { role: 'candidate', term: 2 });
  t.match(ofType(settle(raft).sent, 'vote'), [{ transfer: true }, { transfer: true }]);
  t.end();
});

t.test('3.10: the old leader steps down when it hears of the new term', (t) => {
  const raft = caughtUp();
  raft.transferLeadership(2n);
  settle(raft);
  raft.step({ type: 'vote', from: 2n, to: 1n, term: 2, lastIndex: 1, lastTerm: 1, transfer: true });
  t.match(raft.status(), { role: 'follower', term: 2, vote: 2n, transferee: 0n });
  t.end();
});

t.test('3.10: what takes longer than an election timeout is given up, and the leader goes on', (t) => {
  const raft = caughtUp();
  raft.transferLeadership(2n);
  for (let tick = 0; tick < 9; tick++) raft.tick();
  t.equal(raft.propose(data('a')), 'dropped');
  raft.tick();
  t.match(raft.status(), { role: 'leader', transferee: 0n });
  t.equal(raft.propose(data('a')), 'accepted');
  t.end();
});

t.test('leadership goes only to a voter, and only a leader gives it', (t) => {
  const raft = leader({ config: { voters: [1n, 2n], votersOutgoing: [], learners: [3n] } });
  t.equal(raft.transferLeadership(3n), 'notVoter');
  t.equal(raft.transferLeadership(9n), 'notVoter');
  t.equal(solo().transferLeadership(2n), 'notLeader');
  t.equal(raft.propose(data('a')), 'accepted');
  t.end();
});

t.test('another target takes the place of the first; the leader itself calls it off', (t) => {
  const raft = caughtUp();
  raft.transferLeadership(2n);
  raft.transferLeadership(3n);
  t.strictSame(
    ofType(settle(raft).sent, 'timeoutNow').map(({ to }) => to),
    [2n, 3n],
  );
  raft.transferLeadership(1n);
  t.equal(raft.status().transferee, 0n);
  t.end();
});

t.test('a late request of an earlier term moves nobody', (t) => {
  const raft = solo({ hardState: { term: 5, vote: 0n, commit: 0 } });
  raft.step({ type: 'timeoutNow', from: 2n, to: 1n, term: 4 });
  t.match(raft.status(), { role: 'follower', term: 5 });
  t.end();
});
