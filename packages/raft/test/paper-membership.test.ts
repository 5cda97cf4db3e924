// The Raft thesis, chapter 4, and what its variant with effect at application adds: one test a rule.
import type { Config, Raft } from '@flotilla/raft';
import t from 'tap';
import {
  change,
  changeEntry,
  confirm,
  data,
  entry,
  five,
  leader,
  learner,
  leave,
  log,
  ofType,
  remove,
  settle,
  solo,
  three,
  voter,
  write,
} from './harness/solo.ts';

const ballot = { type: 'vote', to: 1n, lastIndex: 9, lastTerm: 9, transfer: false } as const;
const append = { type: 'append', from: 2n, to: 1n, prevIndex: 0, prevTerm: 0, commit: 0 } as const;
const joint: Config = { voters: [1n, 2n, 3n], votersOutgoing: [3n, 4n, 5n], learners: [] };

/** A leader whose first entry is committed: it takes changes. */
function settledLeader(config: Config = three): Raft {
  const raft = leader({ config });
  for (const from of [...config.voters, ...config.votersOutgoing]) if (from !== 1n) confirm(raft, { from, index: 1 });
  settle(raft);
  return raft;
}

/** All voters confirm the whole log, and it is applied. */
function commitAll(raft: Raft): void {
  settle(raft);
  const { config, lastIndex } = raft.status();
  for (const from of [...config.voters, ...config.votersOutgoing])
    if (from !== 1n) confirm(raft, { from, index: lastIndex });
  settle(raft);
}

t.test('4.1: a change is an entry of the log, replicated and committed as any other', (t) => {
  const raft = settledLeader();
  t.equal(raft.proposeConfChange(change('auto', voter(4n))), 'accepted');
  const ready = raft.ready();
  t.match(ready?.entries, [{ type: 'confChange', term: 1, index: 2 }]);
  t.strictSame(
    ofType(ready?.messages ?? [], 'append').map(({ to }) => to),
    [2n, 3n],
  );
  t.end();
});

t.test('4.1: only a leader takes changes', (t) => {
  const raft = solo();
  t.equal(raft.proposeConfChange(change('auto', voter(4n))), 'notLeader');
  raft.step({ ...append, term: 1, entries: [] });
  settle(raft);
  t.equal(raft.proposeConfChange(change('auto', voter(4n))), 'notLeader', 'a follower forwards none');
  t.equal(raft.hasReady(), false);
  t.end();
});

t.test('a change takes effect when it is applied, not before', (t) => {
  const raft = settledLeader();
  raft.proposeConfChange(change('auto', voter(4n)));
  settle(raft);
  t.strictSame(raft.status().config, three);
  confirm(raft, { from: 2n, index: 2 });
  t.equal(raft.commit, 2, 'two of the three that there were');
  const [applied] = raft.ready()?.committed ?? [];
  t.strictSame(raft.status().config, three, 'committed is not applied');
  if (applied !== undefined) t.strictSame(raft.applyConfChange(applied).voters, [1n, 2n, 3n, 4n]);
  t.strictSame(raft.status().applied, 2, 'that counts as applied');
  raft.propose(data('a'));
  settle(raft);
  confirm(raft, { from: 2n, index: 3 });
  t.equal(raft.commit, 2, 'two of four do not suffice now');
  t.end();
});

t.test('a follower is under the new configuration once it has applied the change', (t) => {
  const raft = solo();
  const added = changeEntry({ term: 1, index: 1 }, change('auto', voter(4n)));
  raft.step({ ...append, term: 1, entries: [added] });
  settle(raft);
  t.match(raft.status(), { config: three, confChangePending: true });
  raft.step({ ...append, term: 1, prevIndex: 1, prevTerm: 1, commit: 1, entries: [] });
  settle(raft);
  t.match(raft.status(), { config: { voters: [1n, 2n, 3n, 4n] }, confChangePending: false });
  t.end();
});

t.test('4.1: no change is taken before the one before it has taken effect', (t) => {
  const raft = settledLeader();
  t.equal(raft.proposeConfChange(change('auto', voter(4n))), 'accepted');
  t.equal(raft.proposeConfChange(change('auto', voter(5n))), 'pending');
  settle(raft);
  confirm(raft, { from: 2n, index: 2 });
  t.equal(raft.proposeConfChange(change('auto', voter(5n))), 'pending', 'committed, but not applied');
  settle(raft);
  t.equal(raft.proposeConfChange(change('auto', voter(5n))), 'accepted');
  t.end();
});

t.test('4.1: a change that an earlier leader left in the log holds up others until it is applied', (t) => {
  const old = changeEntry({ term: 1, index: 2 }, change('auto', voter(4n)));
  const raft = leader({ entries: [entry({ term: 1, index: 1 }), old] });
  t.equal(raft.proposeConfChange(change('auto', voter(5n))), 'pending');
  confirm(raft, { from: 2n, index: 3 });
  settle(raft);
  t.strictSame(raft.status().config.voters, [1n, 2n, 3n, 4n]);
  t.equal(raft.proposeConfChange(change('auto', voter(5n))), 'accepted');
  t.end();
});

t.test('4.1, erratum: a leader takes no change before it has committed an entry of its term', (t) => {
  const raft = leader();
  t.equal(raft.proposeConfChange(change('auto', voter(4n))), 'pending');
  confirm(raft, { from: 2n, index: 1 });
  t.equal(raft.proposeConfChange(change('auto', voter(4n))), 'accepted');
  t.end();
});

t.test('a change that was cut off the log has no effect, and does not hold up others', (t) => {
  const raft = solo();
  raft.step({ ...append, term: 1, entries: [changeEntry({ term: 1, index: 1 }, change('auto', voter(4n)))] });
  settle(raft);
  t.equal(raft.status().confChangePending, true);
  raft.step({ ...append, term: 2, entries: [entry({ term: 2, index: 1 })], commit: 1 });
  settle(raft);
  t.match(raft.status(), { config: three, confChangePending: false });
  t.end();
});

t.test('a change that makes no sense does not reach the log', (t) => {
  const raft = settledLeader();
  for (const one of [leave, change('auto', remove(1n), remove(2n), remove(3n))]) {
    t.equal(raft.proposeConfChange(one), 'invalid');
  }
  t.throws(() => raft.proposeConfChange(change('auto', voter(0n))), { code: 'CONF_CHANGE_FORMAT' });
  t.equal(raft.hasReady(), false);
  t.equal(raft.propose(data('a')), 'accepted', 'and the leader goes on');
  t.end();
});

t.test('a change passes the limit of uncommitted bytes', (t) => {
  const raft = leader({ maxUncommittedBytes: 10 });
  confirm(raft, { from: 2n, index: 1 });
  settle(raft);
  raft.propose(data('large enough'));
  t.equal(raft.propose(data('a')), 'dropped');
  t.equal(raft.proposeConfChange(change('auto', voter(4n))), 'accepted');
  t.end();
});

t.test('a change that the state machine refuses has no effect, and makes room for the next', (t) => {
  const raft = settledLeader();
  raft.proposeConfChange(change('auto', voter(4n)));
  settle(raft);
  confirm(raft, { from: 2n, index: 2 });
  const [applied] = raft.ready()?.committed ?? [];
  if (applied !== undefined) t.strictSame(raft.refuseConfChange(applied), three);
  t.match(raft.status(), { applied: 2, confChangePending: false, config: three });
  t.equal(raft.proposeConfChange(change('auto', voter(4n))), 'accepted');
  t.end();
});

t.test('changes are applied in order, each once, and never passed over', (t) => {
  const raft = settledLeader();
  raft.proposeConfChange(change('auto', voter(4n)));
  settle(raft);
  const [early] = [changeEntry({ term: 1, index: 2 }, change('auto', voter(4n)))];
  if (early !== undefined) t.throws(() => raft.applyConfChange(early), /applied what was not handed out/);
  confirm(raft, { from: 2n, index: 2 });
  const [applied] = raft.ready()?.committed ?? [];
  t.throws(() => raft.applied(2), /counts as applied only by applyConfChange/);
  t.throws(() => raft.applyConfChange(entry({ term: 1, index: 2 })), /is no conf change/);
  if (applied === undefined) return t.end();
  raft.applyConfChange(applied);
  t.strictSame(raft.applyConfChange(applied).voters, [1n, 2n, 3n, 4n], 'a second time is without effect');
  raft.applied(2);
  t.end();
});

t.test('a change of a newer version stops the member that applies it', (t) => {
  const raft = solo();
  raft.step({
    ...append,
    term: 1,
    commit: 1,
    entries: [{ term: 1, index: 1, type: 'confChange', data: Uint8Array.of(2) }],
  });
  t.throws(() => settle(raft), { code: 'CONF_CHANGE_FORMAT', message: /start a newer one/ });
  t.end();
});

t.test('4.2.1: a learner receives the log and does not count for commitment', (t) => {
  const raft = settledLeader({ voters: [1n, 2n], votersOutgoing: [], learners: [3n] });
  raft.propose(data('a'));
  t.strictSame(
    ofType(settle(raft).sent, 'append').map(({ to }) => to),
    [2n],
    'one that was not heard yet is asked first where it stands',
  );
  confirm(raft, { from: 3n, index: 2 });
  t.equal(raft.commit, 1);
  t.equal(raft.status().progress.get(3n)?.match, 2, 'but its progress is known: for whoever decides on its promotion');
  confirm(raft, { from: 2n, index: 2 });
  t.equal(raft.commit, 2);
  t.end();
});

t.test('4.2.1: a promoted learner keeps its progress and counts', (t) => {
  const raft = settledLeader({ voters: [1n, 2n], votersOutgoing: [], learners: [3n] });
  confirm(raft, { from: 3n, index: 1 });
  raft.proposeConfChange(change('auto', voter(3n)));
  settle(raft);
  confirm(raft, { from: 2n, index: 2 });
  settle(raft);
  t.match(raft.status().progress.get(3n), { match: 1, state: 'replicate' });
  confirm(raft, { from: 3n, index: 2 });
  raft.propose(data('a'));
  settle(raft);
  confirm(raft, { from: 3n, index: 3 });
  t.equal(raft.commit, 3, 'two of three');
  t.end();
});

t.test('4.2.1: a learner neither campaigns nor takes leadership over, but votes when it is asked', (t) => {
  const raft = solo({ config: { voters: [2n, 3n], votersOutgoing: [], learners: [1n] } });
  for (let tick = 0; tick < 50; tick++) raft.tick();
  raft.campaign();
  raft.step({ type: 'timeoutNow', from: 2n, to: 1n, term: 1 });
  t.match(raft.status(), { role: 'follower', term: 1 });
  raft.step({ ...ballot, from: 2n, term: 2 });
  t.match(settle(raft).sent, [{ type: 'voteResponse', to: 2n, granted: true }], 'it may be a voter without knowing');
  t.end();
});

t.test('4.2.1: a newcomer begins with a snapshot, which says who takes part', (t) => {
  const raft = settledLeader();
  raft.proposeConfChange(change('auto', learner(4n)));
  settle(raft);
  for (const from of [2n, 3n]) confirm(raft, { from, index: 2 });
  t.match(
    ofType(settle(raft).sent, 'append').at(-1),
    { to: 4n, prevIndex: 2, entries: { length: 0 } },
    'where does it stand?',
  );
  raft.step({ type: 'appendResponse', from: 4n, to: 1n, term: 1, rejected: true, index: 2, hintIndex: 0, hintTerm: 0 });
  const [snapshot] = ofType(settle(raft).sent, 'snapshot');
  t.strictSame(snapshot?.snapshot, { index: 2, term: 1, config: { ...three, learners: [4n] } });

  const newcomer = solo({ id: 4n, config: { voters: [], votersOutgoing: [], learners: [] } });
  if (snapshot !== undefined) newcomer.step(snapshot);
  t.match(newcomer.status(), { leader: 1n, config: { voters: [1n, 2n, 3n], learners: [4n] } });
  t.end();
});

t.test('a member without a configuration waits: it neither campaigns nor counts itself', (t) => {
  const raft = solo({ config: { voters: [], votersOutgoing: [], learners: [] } });
  for (let tick = 0; tick < 50; tick++) raft.tick();
  raft.campaign();
  t.match(raft.status(), { role: 'follower', term: 0 });
  t.end();
});

t.test('4.2.2: a leader that removes itself counts itself until that is applied, and not after', (t) => {
  const raft = settledLeader();
  raft.proposeConfChange(change('auto', remove(1n)));
  settle(raft);
  confirm(raft, { from: 2n, index: 2 });
  t.equal(raft.commit, 2, 'with member 2 it is a majority of the three');
  settle(raft);
  t.match(raft.status(), { role: 'leader', config: { voters: [2n, 3n] } }, 'and goes on leading');
  t.notOk(raft.status().progress.has(1n));
  raft.readIndex('read');
  settle(raft);
  raft.step({ type: 'heartbeatResponse', from: 2n, to: 1n, term: 1, round: 1 });
  t.strictSame(settle(raft).sent, [], 'member 2 alone is no majority of the two');
  raft.step({ type: 'heartbeatResponse', from: 3n, to: 1n, term: 1, round: 1 });
  t.match(raft.ready()?.readStates, [{ context: 'read' }]);
  t.end();
});

t.test('4.2.2: a removed leader hands over to the most advanced voter', (t) => {
  const raft = settledLeader();
  raft.proposeConfChange(change('auto', remove(1n)));
  settle(raft);
  confirm(raft, { from: 3n, index: 2 });
  t.match(ofType(settle(raft).sent, 'timeoutNow'), [{ to: 3n }]);
  t.equal(raft.propose(data('a')), 'dropped');
  t.equal(raft.proposeConfChange(change('auto', voter(1n))), 'dropped');
  t.end();
});

t.test('4.2.2: a removed leader steps down after an election timeout at the latest, and stays a follower', (t) => {
  for (const config of [three, { voters: [1n, 2n], votersOutgoing: [], learners: [3n] }]) {
    const raft = settledLeader(config);
    raft.proposeConfChange(change('auto', config === three ? remove(1n) : learner(1n)));
    settle(raft);
    confirm(raft, { from: 2n, index: 2 });
    settle(raft);
    for (let tick = 0; tick < 9; tick++) raft.tick();
    t.equal(raft.role, 'leader');
    raft.tick();
    t.match(raft.status(), { role: 'follower', term: 1, leader: 0n });
    for (let tick = 0; tick < 50; tick++) raft.tick();
    t.equal(raft.role, 'follower');
  }
  t.end();
});

t.test('a removed member is not sent to and not heard any more', (t) => {
  const raft = settledLeader(five);
  raft.proposeConfChange(change('auto', remove(5n)));
  commitAll(raft);
  t.notOk(raft.status().progress.has(5n));
  raft.propose(data('a'));
  raft.tick();
  t.notOk(settle(raft).sent.some(({ to }) => to === 5n));
  confirm(raft, { from: 5n, index: 3 });
  raft.step({ type: 'heartbeatResponse', from: 5n, to: 1n, term: 1, round: 0 });
  raft.reportSnapshot(5n, true);
  raft.reportUnreachable(5n);
  confirm(raft, { from: 2n, index: 3 });
  t.equal(raft.commit, 2, 'two of four');
  t.end();
});

t.test('when a voter leaves, entries commit that only it held up', (t) => {
  const raft = settledLeader({ voters: [1n, 2n], votersOutgoing: [], learners: [] });
  raft.proposeConfChange(change('auto', remove(2n)));
  raft.propose(data('a'));
  settle(raft);
  confirm(raft, { from: 2n, index: 2 });
  t.equal(raft.commit, 2);
  settle(raft);
  t.equal(raft.commit, 3, 'the leader alone is the majority now');
  t.end();
});

t.test('when a voter leaves, reads are answered that only it held up', (t) => {
  const raft = settledLeader({ voters: [1n, 2n], votersOutgoing: [], learners: [] });
  raft.proposeConfChange(change('auto', remove(2n)));
  settle(raft);
  raft.readIndex('read');
  settle(raft);
  confirm(raft, { from: 2n, index: 2 });
  const [applied] = raft.ready()?.committed ?? [];
  if (applied !== undefined) raft.applyConfChange(applied);
  t.match(raft.ready()?.readStates, [{ context: 'read', index: 1 }]);
  t.end();
});

t.test('a hand-over to a member that loses its vote is called off', (t) => {
  const raft = settledLeader();
  raft.proposeConfChange(change('auto', remove(3n)));
  settle(raft);
  t.equal(raft.transferLeadership(3n), 'accepted');
  confirm(raft, { from: 2n, index: 2 });
  settle(raft);
  t.equal(raft.status().transferee, 0n);
  t.equal(raft.propose(data('a')), 'accepted');
  t.equal(raft.transferLeadership(3n), 'notVoter');
  t.end();
});

t.test('4.2.3: who hears a leader is not disturbed by a removed member', (t) => {
  const raft = solo({ checkQuorum: true, preVote: true });
  raft.step({ ...append, term: 1, entries: log(1) });
  settle(raft);
  for (const type of ['vote', 'preVote'] as const) raft.step({ ...ballot, type, from: 9n, term: 7 });
  t.match(raft.status(), { term: 1, leader: 2n });
  t.strictSame(settle(raft).sent, []);
  t.end();
});

t.test('4.2.3: requests are answered whoever they come from: votes and logs do not ask for the configuration', (t) => {
  const raft = solo();
  raft.step({ ...append, from: 9n, term: 1, entries: log(1) });
  t.match(settle(raft).sent, [{ type: 'appendResponse', to: 9n, rejected: false, index: 1 }]);
  raft.step({ ...ballot, from: 8n, term: 2 });
  t.match(settle(raft).sent, [{ type: 'voteResponse', to: 8n, granted: true }]);
  t.end();
});

t.test('4.3: in a joint configuration an entry needs a majority of each half', (t) => {
  for (const [confirmed, commit] of [
    [[2n, 3n], 0],
    [[4n, 5n], 0],
    [[2n, 4n], 0],
    [[3n, 4n], 1],
    [[2n, 4n, 5n], 1],
  ] as const) {
    const raft = leader({ config: joint });
    for (const from of [4n, 5n]) raft.step({ type: 'voteResponse', from, to: 1n, term: 1, granted: true });
    settle(raft);
    for (const from of confirmed) confirm(raft, { from, index: 1 });
    t.equal(raft.commit, commit, confirmed.join());
  }
  t.end();
});

t.test('4.3: in a joint configuration a candidate needs a majority of each half, and asks both', (t) => {
  for (const [grants, refusals, role] of [
    [[2n, 3n], [], 'candidate'],
    [[4n, 5n], [], 'candidate'],
    [[3n, 4n], [], 'leader'],
    [[2n, 3n], [4n, 5n], 'follower'],
    [[4n, 5n], [2n, 3n], 'follower'],
  ] as const) {
    const raft = solo({ config: joint });
    raft.campaign();
    t.strictSame(
      ofType(settle(raft).sent, 'vote').map(({ to }) => to),
      [2n, 3n, 4n, 5n],
    );
    for (const from of grants) raft.step({ type: 'voteResponse', from, to: 1n, term: 1, granted: true });
    for (const from of refusals) raft.step({ type: 'voteResponse', from, to: 1n, term: 1, granted: false });
    t.equal(raft.role, role, `${grants.join()} granted, ${refusals.join()} refused`);
  }
  t.end();
});

t.test('4.3: reads and the check of the quorum need a majority of each half', (t) => {
  const raft = leader({ config: joint, checkQuorum: true });
  for (const from of [4n, 5n]) raft.step({ type: 'voteResponse', from, to: 1n, term: 1, granted: true });
  settle(raft);
  for (const from of [3n, 4n]) confirm(raft, { from, index: 1 });
  settle(raft);
  raft.readIndex('read');
  settle(raft);
  const answer = (from: bigint): void => raft.step({ type: 'heartbeatResponse', from, to: 1n, term: 1, round: 1 });
  answer(2n);
  answer(3n);
  t.notOk(raft.hasReady(), 'the new half alone');
  answer(5n);
  t.match(raft.ready()?.readStates, [{ context: 'read' }]);
  for (let tick = 0; tick < 10; tick++) raft.tick();
  t.equal(raft.role, 'leader', 'both halves were heard');
  answer(2n);
  answer(3n);
  for (let tick = 0; tick < 10; tick++) raft.tick();
  t.equal(raft.role, 'follower', 'one half was silent');
  t.end();
});

t.test('4.3: a leader leaves a joint configuration by itself once it is applied, or waits to be told', (t) => {
  for (const [transition, entries] of [
    ['auto', 1],
    ['implicit', 1],
    ['explicit', 0],
  ] as const) {
    const raft = settledLeader();
    raft.proposeConfChange(change(transition, voter(4n), remove(3n)));
    settle(raft);
    confirm(raft, { from: 2n, index: 2 });
    const { written } = settle(raft);
    t.match(raft.status().config, { voters: [1n, 2n, 4n], votersOutgoing: [1n, 2n, 3n] });
    t.equal(written.length, entries, transition);
    if (transition === 'explicit') t.equal(raft.proposeConfChange(leave), 'accepted');
    commitAll(raft);
    t.strictSame(raft.status().config, { voters: [1n, 2n, 4n], votersOutgoing: [], learners: [] });
  }
  t.end();
});

t.test(
  '4.3: a later leader leaves the joint configuration that it finds, once an entry of its term is committed',
  (t) => {
    const config: Config = { voters: [1n, 2n], votersOutgoing: [1n, 2n, 3n], learners: [], autoLeave: true };
    const raft = leader({ config });
    t.equal(settle(raft).written.length, 0);
    confirm(raft, { from: 2n, index: 1 });
    t.match(settle(raft).written, [{ type: 'confChange', index: 2 }]);
    t.equal(settle(raft).written.length, 0, 'once');
    t.end();
  },
);

t.test('4.3: while leadership is being handed over the joint configuration is not left, afterwards it is', (t) => {
  const config: Config = { voters: [1n, 2n], votersOutgoing: [1n, 2n, 3n], learners: [], autoLeave: true };
  const raft = leader({ config });
  t.equal(raft.transferLeadership(2n), 'accepted');
  confirm(raft, { from: 2n, index: 1 });
  t.equal(settle(raft).written.length, 0);
  t.equal(raft.transferLeadership(1n), 'accepted', 'called off');
  t.match(settle(raft).written, [{ type: 'confChange', index: 2 }]);
  t.end();
});

t.test('a member goes on from the configuration that its state was saved with', (t) => {
  const config: Config = { ...joint, learners: [6n], autoLeave: true };
  const snapshot = { index: 4, term: 2, config };
  t.strictSame(solo({ initial: { snapshot } }).status().config, config);
  const entries = [changeEntry({ term: 2, index: 5 }, leave), entry({ term: 2, index: 6 })];
  const after: Config = { voters: [1n, 2n, 3n], votersOutgoing: [], learners: [6n] };
  t.strictSame(solo({ entries, initial: { snapshot, applied: 5, config: after } }).status().config, after);
  t.throws(() => solo({ entries, initial: { snapshot, applied: 5 } }), /the configuration after it must be given/);
  t.throws(() => solo({ config: { ...three, learners: [1n] } }), /makes no sense: a learner has a vote/);
  t.end();
});

t.test('a snapshot carries the configuration of its index, whatever changed since', (t) => {
  const raft = settledLeader();
  raft.proposeConfChange(change('explicit', learner(3n)));
  commitAll(raft);
  raft.proposeConfChange(leave);
  commitAll(raft);
  const next: Config = { voters: [1n, 2n], votersOutgoing: [1n, 2n, 3n], learners: [], learnersNext: [3n] };
  t.strictSame(raft.snapshotMeta(1).config, three);
  t.strictSame(raft.snapshotMeta(2).config, next);
  t.strictSame(raft.snapshotMeta(3).config, { voters: [1n, 2n], votersOutgoing: [], learners: [3n] });
  raft.compact(2);
  t.strictSame(raft.snapshotMeta(2).config, next, 'also at the compaction point');
  const follower = solo();
  follower.step({ type: 'snapshot', from: 2n, to: 1n, term: 1, snapshot: raft.snapshotMeta(2) });
  t.strictSame(follower.status().config, next);
  t.end();
});

t.test('a snapshot whose configuration makes no sense stops the member', (t) => {
  const snapshot = { index: 5, term: 1, config: { ...three, learners: [1n] } };
  t.throws(() => solo().step({ type: 'snapshot', from: 2n, to: 1n, term: 1, snapshot }), /makes no sense/);
  t.end();
});

t.test('a change that a snapshot has overtaken is applied without effect', (t) => {
  const raft = solo();
  const added = changeEntry({ term: 1, index: 1 }, change('auto', voter(4n)));
  raft.step({ ...append, term: 1, commit: 1, entries: [added] });
  write(raft);
  raft.step({ type: 'snapshot', from: 2n, to: 1n, term: 1, snapshot: { index: 5, term: 1, config: five } });
  t.strictSame(raft.applyConfChange(added), five);
  t.end();
});

t.test('who comes in counts as heard until the next check of the quorum', (t) => {
  const raft = leader({ checkQuorum: true, config: { voters: [1n], votersOutgoing: [], learners: [] } });
  settle(raft);
  for (let tick = 0; tick < 9; tick++) raft.tick();
  raft.proposeConfChange(change('auto', voter(2n)));
  settle(raft);
  raft.tick();
  t.equal(raft.role, 'leader', 'its first check comes before member 2 could answer');
  for (let tick = 0; tick < 10; tick++) raft.tick();
  t.equal(raft.role, 'follower', 'the second does not');
  t.end();
});
