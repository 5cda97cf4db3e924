// The Raft paper, sections 5.1 and 5.2: one test a rule.
import type { Message } from '@flotilla/raft';
import t from 'tap';
import { confirm, entry, five, leader, ofType, settle, solo, three } from './harness/solo.ts';

const heartbeat = { type: 'heartbeat', from: 2n, to: 1n, commit: 0, round: 0 } as const;
const ballot = { type: 'vote', from: 2n, to: 1n, lastIndex: 0, lastTerm: 0, transfer: false } as const;

t.test('5.1: a member of any role that sees a later term joins it as a follower', (t) => {
  const candidate = solo();
  candidate.campaign();
  for (const raft of [solo(), candidate, leader()]) {
    raft.step({ ...heartbeat, term: 7 });
    t.match(raft.status(), { term: 7, role: 'follower', leader: 2n, vote: 0n });
  }
  t.end();
});

t.test('5.1: a message of an earlier term changes nothing', (t) => {
  const raft = solo({ hardState: { term: 5, vote: 0n, commit: 0 } });
  const append = { type: 'append', from: 2n, to: 1n, prevIndex: 0, prevTerm: 0, commit: 1 } as const;
  raft.step({ ...append, term: 4, entries: [entry({ term: 4, index: 1 })] });
  t.match(raft.status(), { term: 5, lastIndex: 0, leader: 0n });
  t.equal(raft.hasReady(), false);
  t.end();
});

t.test('5.1: a candidate or leader that is asked for a vote in a later term is a follower of nobody there', (t) => {
  const candidate = solo();
  candidate.campaign();
  for (const raft of [candidate, leader()]) {
    raft.step({ ...ballot, term: 5, lastIndex: 9, lastTerm: 4 });
    t.match(raft.status(), { term: 5, role: 'follower', leader: 0n, vote: 2n });
  }
  t.end();
});

t.test('5.1: terms only rise, whatever arrives', (t) => {
  const raft = solo({ hardState: { term: 5, vote: 0n, commit: 0 } });
  for (const term of [0, 4, 6, 5, 3]) raft.step({ ...heartbeat, term });
  t.equal(raft.term, 6);
  t.end();
});

t.test('5.2: a member starts as a follower', (t) => {
  t.match(solo().status(), { role: 'follower', leader: 0n, term: 0 });
  t.end();
});

t.test('5.2: a follower stays one while it hears its leader', (t) => {
  const raft = solo();
  for (let i = 0; i < 100; i++) {
    raft.step({ ...heartbeat, term: 1 });
    for (let tick = 0; tick < 9; tick++) raft.tick();
  }
  t.equal(raft.role, 'follower');
  t.end();
});

t.test('5.2: a follower that hears nobody raises its term, votes for itself and asks all others', (t) => {
  const raft = solo();
  for (let tick = 0; tick < 10; tick++) raft.tick();
  const { sent } = settle(raft);
  t.match(raft.status(), { role: 'candidate', term: 1, vote: 1n });
  t.strictSame(
    ofType(sent, 'vote').map(({ to, term }) => [to, term]),
    [
      [2n, 1],
      [3n, 1],
    ],
  );
  t.end();
});

t.test(
  '5.2: a candidate with a majority of the votes leads; with fewer it waits; refused by a majority it gives up',
  (t) => {
    for (const [grants, refusals, role] of [
      [0, 0, 'candidate'],
      [1, 0, 'candidate'],
      [2, 0, 'leader'],
      [1, 2, 'candidate'],
      [1, 3, 'follower'],
      [2, 2, 'leader'],
    ] as const) {
      const raft = solo({ config: five });
      raft.campaign();
      settle(raft);
      const voters = [2n, 3n, 4n, 5n];
      for (const [i, from] of voters.slice(0, grants + refusals).entries()) {
        raft.step({ type: 'voteResponse', from, to: 1n, term: 1, granted: i < grants });
      }
      t.equal(raft.role, role, `${grants} grants, ${refusals} refusals`);
    }
    t.end();
  },
);

t.test('5.2: a vote counts once, however often it arrives', (t) => {
  const raft = solo({ config: five });
  raft.campaign();
  settle(raft);
  for (let i = 0; i < 5; i++) raft.step({ type: 'voteResponse', from: 2n, to: 1n, term: 1, granted: true });
  t.equal(raft.role, 'candidate');
  t.end();
});

t.test('5.2: a follower votes for the first who asks in a term, and for nobody else', (t) => {
  const raft = solo();
  raft.step({ ...ballot, term: 1 });
  raft.step({ ...ballot, term: 1, from: 3n });
  raft.step({ ...ballot, term: 1 });
  const answers = ofType(settle(raft).sent, 'voteResponse').map(({ to, granted }) => `${to} ${granted}`);
  t.strictSame(answers.sort(), ['2 true', '2 true', '3 false']);
  t.end();
});

t.test('5.2: who follows a leader does not vote in its term', (t) => {
  const raft = solo();
  raft.step({ ...heartbeat, term: 1 });
  settle(raft);
  raft.step({ ...ballot, term: 1, from: 3n });
  t.match(settle(raft).sent, [{ to: 3n, granted: false }]);
  t.end();
});

t.test('5.2: a vote is remembered over a restart', (t) => {
  const raft = solo({ hardState: { term: 1, vote: 2n, commit: 0 } });
  raft.step({ ...ballot, term: 1, from: 3n });
  t.match(settle(raft).sent, [{ to: 3n, granted: false }]);
  t.end();
});

t.test('5.2: a candidate yields to a leader of its term, and to none of an earlier one', (t) => {
  const raft = solo();
  raft.campaign();
  raft.step({ ...heartbeat, term: 0 });
  t.equal(raft.role, 'candidate');
  raft.step({ ...heartbeat, term: 1 });
  t.match(raft.status(), { role: 'follower', term: 1, leader: 2n });
  t.end();
});

t.test('5.2: a candidate without result campaigns again in a new term', (t) => {
  const raft = solo();
  raft.campaign();
  settle(raft);
  for (let tick = 0; tick < 10; tick++) raft.tick();
  t.match(raft.status(), { role: 'candidate', term: 2 });
  t.end();
});

t.test('5.2: election timeouts are spread over [t, 2t)', (t) => {
  const timeouts = [0, 0.25, 0.5, 0.999].map((drawn) => {
    const raft = solo({ random: () => drawn });
    let ticks = 0;
    for (; raft.role === 'follower'; ticks++) raft.tick();
    return ticks;
  });
  t.strictSame(timeouts, [10, 12, 15, 19]);
  t.end();
});

t.test('5.2: a leader sends heartbeats to all at every heartbeat interval', (t) => {
  const raft = leader({ heartbeatTimeoutTicks: 2 });
  raft.tick();
  t.equal(ofType(settle(raft).sent, 'heartbeat').length, 0);
  raft.tick();
  t.strictSame(
    ofType(settle(raft).sent, 'heartbeat').map(({ to }) => to),
    [2n, 3n],
  );
  t.end();
});

t.test('5.2: a vote of an earlier term does not count', (t) => {
  const raft = solo();
  for (let round = 0; round < 2; round++) {
    raft.campaign();
    settle(raft);
  }
  raft.step({ type: 'voteResponse', from: 2n, to: 1n, term: 1, granted: true });
  t.match(raft.status(), { role: 'candidate', term: 2 });
  t.end();
});

t.test('5.2: giving a vote starts the wait for a leader anew, refusing one does not', (t) => {
  for (const [lastTerm, role] of [
    [1, 'follower'],
    [0, 'candidate'],
  ] as const) {
    const raft = solo({ entries: [entry({ term: 1, index: 1 })] });
    for (let tick = 0; tick < 9; tick++) raft.tick();
    raft.step({ ...ballot, term: 1, lastTerm, lastIndex: 1 });
    raft.tick();
    t.equal(raft.role, role);
  }
  t.end();
});

t.test('5.4.1: a vote goes only to a log that is at least as complete', (t) => {
  for (const [own, lastTerm, lastIndex, granted] of [
    [[1], 1, 1, true],
    [[1], 1, 2, true],
    [[1, 1], 1, 1, false],
    [[1], 2, 1, true],
    [[1, 1, 1], 2, 1, true],
    [[2], 1, 1, false],
    [[2], 1, 9, false],
  ] as const) {
    const raft = solo({ entries: own.map((term, i) => entry({ term, index: i + 1 })) });
    raft.step({ ...ballot, term: 3, lastIndex, lastTerm });
    t.match(
      settle(raft).sent,
      [{ type: 'voteResponse', granted }],
      `own ${own.join()}, asked ${lastTerm}/${lastIndex}`,
    );
  }
  t.end();
});

t.test('a vote, its term and a candidacy leave only when they are durable', (t) => {
  const voter = solo();
  voter.step({ ...ballot, term: 1 });
  const candidate = solo();
  candidate.campaign();
  for (const raft of [voter, candidate]) {
    const ready = raft.ready();
    t.match(ready, { mustSync: true, messages: [], hardState: { term: 1 } });
    t.ok((ready?.messagesAfterSync.length ?? 0) > 0);
    t.equal(raft.ready(), undefined, 'and nothing more leaves while the write is under way');
  }
  t.end();
});

t.test('a candidate is not elected before its own vote is durable', (t) => {
  const raft = solo();
  raft.campaign();
  const ready = raft.ready();
  raft.step({ type: 'voteResponse', from: 2n, to: 1n, term: 1, granted: true });
  t.equal(raft.role, 'candidate');
  if (ready !== undefined) raft.synced(ready);
  t.equal(raft.role, 'leader');
  t.end();
});

t.test('a leader without a quorum steps down after an election timeout, one with a quorum does not', (t) => {
  const alone = leader({ checkQuorum: true });
  const heard = leader({ checkQuorum: true });
  for (let tick = 0; tick < 30; tick++) {
    alone.tick();
    heard.tick();
    heard.step({ type: 'heartbeatResponse', from: 2n, to: 1n, term: 1, round: 0 });
    settle(heard);
  }
  t.not(alone.role, 'leader');
  t.equal(heard.role, 'leader');
  t.end();
});

t.test('a learner neither campaigns nor counts', (t) => {
  const config = { voters: [2n, 3n], votersOutgoing: [], learners: [1n] };
  const learner = solo({ config });
  for (let tick = 0; tick < 50; tick++) learner.tick();
  learner.campaign();
  t.match(learner.status(), { role: 'follower', term: 0 });

  const raft = leader({ config: { ...three, voters: [1n, 2n], learners: [3n] } });
  confirm(raft, { from: 3n, index: 1 });
  t.equal(raft.commit, 0);
  confirm(raft, { from: 2n, index: 1 });
  t.equal(raft.commit, 1);
  t.end();
});

t.test('a pre-vote moves nobody: neither term nor vote nor timer', (t) => {
  const raft = solo({ preVote: true });
  const ask: Message = { ...ballot, type: 'preVote', term: 1 };
  for (let tick = 0; tick < 9; tick++) raft.tick();
  raft.step(ask);
  t.match(settle(raft).sent, [{ type: 'preVoteResponse', term: 1, granted: true }]);
  t.match(raft.status(), { term: 0, vote: 0n, role: 'follower' });
  raft.tick();
  t.equal(raft.role, 'preCandidate');
  t.end();
});
