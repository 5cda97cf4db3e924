// The Raft thesis, 9.6 (pre-vote) with 4.2.3 and 6.2 (who hears a leader, and who leads alone): one test a rule.
import type { VoteMessage } from '@flotilla/raft';
import t from 'tap';
import { entry, five, leader, log, ofType, settle, solo } from './harness/solo.ts';

const ask: VoteMessage = {
  type: 'preVote',
  from: 2n,
  to: 1n,
  term: 2,
  lastIndex: 9,
  lastTerm: 1,
  transfer: false,
};
const heartbeat = { type: 'heartbeat', from: 2n, to: 1n, commit: 0, round: 0 } as const;

t.test('9.6: a member asks whether it would be elected before it raises its term', (t) => {
  const raft = solo({ preVote: true, entries: log(1) });
  for (let tick = 0; tick < 10; tick++) raft.tick();
  t.match(raft.status(), { role: 'preCandidate', term: 1, vote: 0n });
  t.match(
    ofType(settle(raft).sent, 'preVote'),
    [2n, 3n].map((to) => ({ to, term: 2, lastIndex: 1, lastTerm: 1 })),
    'in the name of the next term, with the end of its log',
  );
  t.end();
});

t.test('9.6: only with the consent of a majority does it campaign', (t) => {
  const raft = solo({ preVote: true, config: five });
  raft.campaign();
  settle(raft);
  const answer = { type: 'preVoteResponse', to: 1n, term: 1 } as const;
  raft.step({ ...answer, from: 2n, granted: true });
  raft.step({ ...answer, from: 2n, granted: true });
  t.match(raft.status(), { role: 'preCandidate', term: 0 }, 'each consent counts once');
  raft.step({ ...answer, from: 3n, granted: true });
  t.match(raft.status(), { role: 'candidate', term: 1, vote: 1n });
  t.equal(ofType(settle(raft).sent, 'vote').length, 4);
  t.end();
});

t.test('9.6: refused by a majority it is a follower again, in its old term', (t) => {
  const raft = solo({ preVote: true });
  raft.campaign();
  settle(raft);
  for (const from of [2n, 3n]) raft.step({ type: 'preVoteResponse', from, to: 1n, term: 0, granted: false });
  t.match(raft.status(), { role: 'follower', term: 0 });
  t.end();
});

t.test('9.6: consent needs a log as complete as in an election', (t) => {
  for (const [lastTerm, lastIndex, granted] of [
    [2, 2, true],
    [2, 3, true],
    [3, 1, true],
    [2, 1, false],
    [1, 9, false],
  ] as const) {
    const raft = solo({ preVote: true, entries: log(1, 2) });
    raft.step({ ...ask, term: 4, lastTerm, lastIndex });
    t.match(settle(raft).sent, [{ type: 'preVoteResponse', granted }], `${lastTerm}/${lastIndex}`);
  }
  t.end();
});

t.test('9.6: who hears a leader does not consent, until an election timeout passes without it', (t) => {
  const raft = solo({ preVote: true, checkQuorum: true, random: () => 0.9 });
  raft.step({ ...heartbeat, term: 1 });
  settle(raft);
  raft.step({ ...ask, from: 3n });
  t.equal(raft.hasReady(), false);
  for (let tick = 0; tick < 10; tick++) raft.tick();
  raft.step({ ...ask, from: 3n });
  t.match(settle(raft).sent, [{ type: 'preVoteResponse', term: 2, granted: true }]);
  t.match(raft.status(), { term: 1, leader: 2n, role: 'follower' });
  t.end();
});

t.test('9.6: the promise to a silent leader ends for good, also on a member that may not campaign itself', (t) => {
  const config = { voters: [2n, 3n], votersOutgoing: [], learners: [1n] };
  for (const type of ['preVote', 'vote'] as const) {
    const raft = solo({ config, preVote: true, checkQuorum: true, random: () => 0 });
    raft.step({ ...heartbeat, term: 1 });
    settle(raft);
    for (let tick = 0; tick < 25; tick++) raft.tick();
    raft.step({ ...ask, type, from: 3n });
    t.match(settle(raft).sent, [{ to: 3n, granted: true }], 'it may have become a voter without knowing');
  }
  t.end();
});

t.test('9.6: any number may be consented to: consent is no vote', (t) => {
  const raft = solo({ preVote: true });
  for (const from of [2n, 3n]) raft.step({ ...ask, from });
  t.match(settle(raft).sent, [{ granted: true }, { granted: true }]);
  raft.step({ ...ask, type: 'vote', from: 3n });
  t.match(settle(raft).sent, [{ type: 'voteResponse', granted: true }], 'and binds nobody in the election');
  t.end();
});

t.test('9.6: who voted for another in the term asked about does not consent', (t) => {
  const raft = solo({ preVote: true, hardState: { term: 2, vote: 3n, commit: 0 } });
  raft.step({ ...ask, term: 2 });
  t.match(settle(raft).sent, [{ type: 'preVoteResponse', term: 2, granted: false }]);
  raft.step({ ...ask, term: 3 });
  t.match(settle(raft).sent, [{ type: 'preVoteResponse', term: 3, granted: true }], 'in a later term it may');
  t.end();
});

t.test('9.6: a member that was away does not disturb the leader when it is back', (t) => {
  const away = solo({ preVote: true });
  for (let tick = 0; tick < 500; tick++) {
    away.tick();
    settle(away);
  }
  t.equal(away.term, 0, 'it never raised its term');
  away.step({ ...heartbeat, term: 1 });
  t.match(away.status(), { role: 'follower', term: 1, leader: 2n });
  t.end();
});

t.test('9.6: who asks in an earlier term is told the term, so that it catches up', (t) => {
  const raft = solo({ preVote: true, hardState: { term: 7, vote: 0n, commit: 0 } });
  raft.step({ ...ask, term: 3 });
  t.match(settle(raft).sent, [{ type: 'preVoteResponse', term: 7, granted: false }]);
  const behind = solo({ preVote: true, hardState: { term: 2, vote: 0n, commit: 0 } });
  behind.campaign();
  settle(behind);
  behind.step({ type: 'preVoteResponse', from: 2n, to: 1n, term: 7, granted: false });
  t.match(behind.status(), { role: 'follower', term: 7 });
  t.end();
});

t.test('9.6: a late consent to an earlier question does not count in an election', (t) => {
  const raft = solo({ preVote: true, config: five });
  raft.campaign();
  settle(raft);
  const answer = { type: 'preVoteResponse', to: 1n, term: 1, granted: true } as const;
  for (const from of [2n, 3n]) raft.step({ ...answer, from });
  settle(raft);
  for (const from of [4n, 5n]) raft.step({ ...answer, from });
  t.equal(raft.role, 'candidate');
  t.end();
});

t.test('4.2.3: a vote request that the leader itself asked for is heard, whoever hears a leader', (t) => {
  const raft = solo({ preVote: true, checkQuorum: true, entries: log(1) });
  raft.step({ ...heartbeat, term: 1 });
  settle(raft);
  raft.step({ ...ask, type: 'vote', from: 3n, transfer: true });
  t.match(ofType(settle(raft).sent, 'voteResponse'), [{ to: 3n, term: 2, granted: true }]);
  t.end();
});

t.test('6.2: a leader that a majority does not answer steps down, so that its clients go elsewhere', (t) => {
  const raft = leader({ checkQuorum: true, config: five });
  raft.step({ type: 'heartbeatResponse', from: 2n, to: 1n, term: 1, round: 0 });
  for (let tick = 0; tick < 10; tick++) raft.tick();
  t.match(raft.status(), { role: 'follower', term: 1, leader: 0n }, 'two of five are no majority');
  t.end();
});

t.test('6.2: any answer counts as a sign of life, once an election timeout', (t) => {
  const raft = leader({ checkQuorum: true });
  const accepted = {
    type: 'appendResponse',
    from: 2n,
    to: 1n,
    term: 1,
    rejected: false,
    hintIndex: 0,
    hintTerm: 0,
  } as const;
  for (const answer of [
    { ...accepted, index: 1 },
    { ...accepted, rejected: true, index: 1 },
  ]) {
    raft.step(answer);
    for (let tick = 0; tick < 10; tick++) raft.tick();
    t.equal(raft.role, 'leader');
  }
  for (let tick = 0; tick < 10; tick++) raft.tick();
  t.equal(raft.role, 'follower');
  t.end();
});

t.test('a stranded member with a later term is brought back: the leader learns of the term from its answer', (t) => {
  const stranded = solo({ preVote: true, checkQuorum: true, hardState: { term: 9, vote: 1n, commit: 0 } });
  stranded.step({ ...heartbeat, term: 1 });
  const [answer] = settle(stranded).sent;
  t.match(answer, { type: 'appendResponse', term: 9, rejected: true });
  const raft = leader({ checkQuorum: true });
  if (answer !== undefined) raft.step({ ...answer, from: 3n, to: 1n });
  t.match(raft.status(), { role: 'follower', term: 9 });
  t.end();
});

t.test('9.6: whom a member consented to, it votes for and follows', (t) => {
  const raft = solo({ preVote: true, checkQuorum: true });
  raft.step({ ...ask, term: 1, lastIndex: 0, lastTerm: 0 });
  t.match(settle(raft).sent, [{ granted: true }]);
  raft.step({ ...ask, type: 'vote', term: 1, lastIndex: 0, lastTerm: 0 });
  t.match(settle(raft).sent, [{ type: 'voteResponse', granted: true }]);
  raft.step({
    type: 'append',
    from: 2n,
    to: 1n,
    term: 1,
    prevIndex: 0,
    prevTerm: 0,
    commit: 0,
    entries: [entry({ term: 1, index: 1 })],
  });
  t.match(raft.status(), { leader: 2n, lastIndex: 1 });
  t.end();
});
