// What the variant with effect at application asks of elections: who campaigns has applied each change that it knows to be committed, and votes
// tell each other what is: one test a rule.
import type { Config } from '@flotilla/raft';
import t from 'tap';
import { change, changeEntry, entry, log, ofType, remove, settle, solo, three, voter, write } from './harness/solo.ts';

const ballot = { type: 'vote', to: 1n, lastIndex: 9, lastTerm: 9, transfer: false } as const;
const append = { type: 'append', from: 2n, to: 1n, prevIndex: 0, prevTerm: 0, commit: 0 } as const;

t.test('nobody campaigns before it has applied the changes that it knows to be committed', (t) => {
  const raft = solo();
  const removed = changeEntry({ term: 1, index: 1 }, change('auto', remove(3n)));
  raft.step({ ...append, term: 1, commit: 1, entries: [removed] });
  write(raft);
  for (let tick = 0; tick < 50; tick++) raft.tick();
  raft.campaign();
  t.match(raft.status(), { role: 'follower', term: 1 });
  raft.applyConfChange(removed);
  raft.campaign();
  t.match(raft.status(), { role: 'candidate', term: 2 });
  t.strictSame(
    ofType(settle(raft).sent, 'vote').map(({ to }) => to),
    [2n],
  );
  t.end();
});

t.test('who waited for such a change longer than an election timeout campaigns with the next tick', (t) => {
  const raft = solo();
  const removed = changeEntry({ term: 1, index: 1 }, change('auto', remove(3n)));
  raft.step({ ...append, term: 1, commit: 1, entries: [removed] });
  write(raft);
  for (let tick = 0; tick < 25; tick++) raft.tick();
  raft.applyConfChange(removed);
  t.equal(raft.role, 'follower');
  raft.tick();
  t.equal(raft.role, 'candidate');
  t.end();
});

t.test('who is told to campaign applies such a change first, and then campaigns', (t) => {
  const raft = solo();
  const removed = changeEntry({ term: 1, index: 1 }, change('auto', remove(2n)));
  raft.step({ ...append, term: 1, commit: 1, entries: [removed] });
  raft.step({ type: 'timeoutNow', from: 2n, to: 1n, term: 1 });
  t.equal(raft.role, 'follower');
  t.match(ofType(settle(raft).sent, 'vote'), [{ to: 3n, transfer: true }]);
  t.end();
});

t.test('an order to campaign does not outlive the term that it came in', (t) => {
  const raft = solo();
  const removed = changeEntry({ term: 1, index: 1 }, change('auto', remove(2n)));
  raft.step({ ...append, term: 1, commit: 1, entries: [removed] });
  raft.step({ type: 'timeoutNow', from: 2n, to: 1n, term: 1 });
  raft.step({ type: 'heartbeat', from: 3n, to: 1n, term: 2, commit: 0, round: 0 });
  settle(raft);
  t.match(raft.status(), { role: 'follower', term: 2, leader: 3n });
  t.end();
});

t.test('a log with two changes proves that the first is committed', (t) => {
  const first = changeEntry({ term: 1, index: 2 }, change('auto', voter(4n)));
  const second = changeEntry({ term: 1, index: 3 }, change('auto', voter(5n)));
  const raft = solo({ entries: [entry({ term: 1, index: 1 }), first, second] });
  t.match(raft.status(), { commit: 2, applied: 0 });
  raft.campaign();
  t.equal(raft.role, 'follower', 'so it may not campaign before it is applied');
  settle(raft);
  t.match(raft.status(), { applied: 2, config: { voters: [1n, 2n, 3n, 4n] }, confChangePending: true });
  t.end();
});

t.test('a leader that appends a change before the one before is committed is a bug', (t) => {
  const list = [1, 2].map((index) => changeEntry({ term: 1, index }, change('auto', voter(BigInt(index + 3)))));
  t.throws(() => solo().step({ ...append, term: 1, entries: list }), /before the one before was committed/);
  t.end();
});

t.test('a refused vote says what is committed, and a candidate that learns of a change so applies it first', (t) => {
  const voterTwo = solo({ entries: log(1, 1, 1), hardState: { term: 1, vote: 0n, commit: 2 } });
  voterTwo.step({ ...ballot, from: 3n, term: 2, lastIndex: 1, lastTerm: 1 });
  t.match(settle(voterTwo).sent, [{ granted: false, committed: { index: 2, term: 1 } }]);

  for (const preVote of [false, true]) {
    const removed = changeEntry({ term: 1, index: 2 }, change('auto', remove(3n)));
    const raft = solo({ preVote, entries: [entry({ term: 1, index: 1 }), removed] });
    raft.campaign();
    settle(raft);
    const type = preVote ? 'preVoteResponse' : 'voteResponse';
    const refusal = { type, from: 3n, to: 1n, term: raft.term, granted: false } as const;
    raft.step({ ...refusal, committed: { index: 2, term: 9 } });
    t.equal(raft.commit, 0, 'of another log it learns nothing');
    raft.step({ ...refusal, committed: { index: 2, term: 1 } });
    t.match(raft.status(), { commit: 2, role: 'follower' });
    settle(raft);
    t.strictSame(raft.status().config.voters, [1n, 2n]);
    raft.campaign();
    t.equal(raft.role, preVote ? 'preCandidate' : 'candidate');
  }
  t.end();
});

t.test('a vote says what is committed, and a candidate that needs more of them learns of a change so', (t) => {
  const voterTwo = solo({ entries: log(1, 1), hardState: { term: 1, vote: 0n, commit: 2 } });
  voterTwo.step({ ...ballot, from: 3n, term: 2, lastIndex: 2, lastTerm: 1 });
  t.match(settle(voterTwo).sent, [{ granted: true, committed: { index: 2, term: 1 } }]);

  const five: Config = { ...three, voters: [1n, 2n, 3n, 4n, 5n] };
  for (const preVote of [false, true]) {
    const removed = changeEntry({ term: 1, index: 2 }, change('auto', remove(3n)));
    const raft = solo({ preVote, config: five, entries: [entry({ term: 1, index: 1 }), removed] });
    raft.campaign();
    settle(raft);
    const type = preVote ? 'preVoteResponse' : 'voteResponse';
    const term = preVote ? raft.term + 1 : raft.term;
    raft.step({ type, from: 2n, to: 1n, term, granted: true, committed: { index: 2, term: 1 } });
    t.match(raft.status(), { commit: 2, role: 'follower' });
    settle(raft);
    t.strictSame(raft.status().config.voters, [1n, 2n, 4n, 5n]);
  }
  t.end();
});

t.test(
  'a request for a vote says what is committed, and a learner that has missed its promotion learns of it so',
  (t) => {
    const alone: Config = { voters: [1n], votersOutgoing: [], learners: [2n] };
    const promoted = changeEntry({ term: 1, index: 2 }, change('auto', voter(2n)));
    const hardState = { term: 1, vote: 1n, commit: 2 };
    const leader = solo({ preVote: true, config: alone, entries: [entry({ term: 1, index: 1 }), promoted], hardState });
    settle(leader);
    leader.campaign();
    const asked = settle(leader).sent;
    t.match(asked, [{ type: 'preVote', to: 2n, committed: { index: 2, term: 1 } }]);

    const unsynced = entry({ term: 1, index: 3 });
    const entries = [entry({ term: 1, index: 1 }), promoted, unsynced];
    const learner = solo({ id: 2n, config: alone, entries, hardState: { ...hardState, commit: 0 } });
    learner.campaign();
    t.equal(learner.role, 'follower', 'it does not know better');
    for (const message of asked) learner.step(message);
    t.match(settle(learner).sent, [{ granted: false }], 'its log is longer');
    t.match(learner.status(), { applied: 2, config: { voters: [1n, 2n] } });
    learner.campaign();
    t.equal(learner.role, 'candidate');
    t.end();
  },
);

t.test('a candidate that has its votes leads, whatever they say beside', (t) => {
  const removed = changeEntry({ term: 1, index: 2 }, change('auto', remove(3n)));
  const raft = solo({ entries: [entry({ term: 1, index: 1 }), removed] });
  raft.campaign();
  settle(raft);
  const committed = { index: 2, term: 1 };
  raft.step({ type: 'voteResponse', from: 2n, to: 1n, term: raft.term, granted: true, committed });
  t.equal(raft.role, 'leader');
  t.end();
});
