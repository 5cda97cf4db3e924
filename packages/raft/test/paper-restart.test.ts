// The thesis, section 3.8, and the figure 2 of the paper: what a member knows after a restart, and what a leader begins with.
import t from 'tap';
import { confirm, entry, five, leader, log, ofType, settle, solo } from './harness/solo.ts';

const append = { type: 'append', from: 2n, to: 1n, prevIndex: 0, prevTerm: 0, commit: 0, entries: [] } as const;

t.test('3.8: whoever restarts follows nobody, in the term and with the vote that it had', (t) => {
  const raft = solo({ hardState: { term: 4, vote: 1n, commit: 0 } });
  t.match(raft.status(), { role: 'follower', leader: 0n, term: 4, vote: 1n });
  // It had campaigned before: votes that arrive late elect nobody.
  for (const from of [2n, 3n]) raft.step({ type: 'voteResponse', from, to: 1n, term: 4, granted: true });
  t.equal(raft.role, 'follower');
  t.end();
});

t.test('3.8: a commit index that a restart lost is learned anew, and nothing is skipped', (t) => {
  const raft = solo({ entries: log(1, 1, 1), hardState: { term: 1, vote: 0n, commit: 0 } });
  t.strictSame(settle(raft).applied, []);
  raft.step({ ...append, term: 1, prevIndex: 3, prevTerm: 1, commit: 3 });
  t.strictSame(
    settle(raft).applied.map(({ index }) => index),
    [1, 2, 3],
  );
  t.end();
});

t.test('3.8: what the state machine holds already is not handed out again after a restart', (t) => {
  const raft = solo({
    entries: log(1, 1, 1),
    hardState: { term: 1, vote: 0n, commit: 2 },
    initial: { applied: 2 },
  });
  t.strictSame(settle(raft).applied, []);
  raft.step({ ...append, term: 1, prevIndex: 3, prevTerm: 1, commit: 3 });
  t.strictSame(
    settle(raft).applied.map(({ index }) => index),
    [3],
  );
  t.end();
});

t.test('3.8: after all have restarted, the next leader commits what the last one had committed', (t) => {
  const raft = leader({ entries: log(1, 1), hardState: { term: 1, vote: 0n, commit: 0 } });
  t.equal(raft.commit, 0);
  confirm(raft, { from: 2n, index: 3 });
  t.strictSame(
    settle(raft).applied.map(({ index, term }) => [index, term]),
    [
      [1, 1],
      [2, 1],
      [3, 2],
    ],
  );
  t.end();
});

t.test('figure 2: a new leader makes itself known to all at once, and takes each for as far as itself', (t) => {
  const raft = solo({ config: five, entries: log(1, 1) });
  raft.campaign();
  settle(raft);
  for (const from of [2n, 3n]) raft.step({ type: 'voteResponse', from, to: 1n, term: 2, granted: true });
  const sent = ofType(settle(raft).sent, 'append');
  t.strictSame(
    sent.map(({ to }) => to),
    [2n, 3n, 4n, 5n],
  );
  for (const message of sent) t.match(message, { term: 2, prevIndex: 2, prevTerm: 1, commit: 0 });
  t.strictSame(
    [2n, 3n, 4n, 5n].map((id) => raft.status().progress.get(id)?.match),
    [0, 0, 0, 0],
    'and counts nobody before it has answered',
  );
  t.end();
});

t.test('5.4.2, figure 8: an old entry on a majority may still be overwritten, unless a new one is behind it', (t) => {
  // (c): the leader of term 4 has spread the entry of term 2 to three of five.
  const spread = leader({ config: five, entries: log(1, 2), hardState: { term: 3, vote: 0n, commit: 0 } });
  for (const from of [2n, 3n]) confirm(spread, { from, index: 2 });
  t.equal(spread.commit, 0);

  // (d): whoever holds an entry of term 3 gets the votes of that majority, and puts its own in the place of the old one.
  const overwritten = solo({ config: five, entries: log(1, 2), hardState: { term: 4, vote: 0n, commit: 0 } });
  const ask = { type: 'vote', from: 5n, to: 1n, term: 5, lastIndex: 2, lastTerm: 3, transfer: false } as const;
  overwritten.step(ask);
  t.match(settle(overwritten).sent, [{ type: 'voteResponse', granted: true }]);
  const other = entry({ term: 3, index: 2 });
  overwritten.step({ ...append, from: 5n, term: 5, prevIndex: 1, prevTerm: 1, entries: [other] });
  t.match(settle(overwritten).written, [{ term: 3, index: 2 }]);

  // (e): with an entry of term 4 behind it the majority commits both, and votes for no log that ends in term 3.
  for (const from of [2n, 3n]) confirm(spread, { from, index: 3 });
  t.equal(spread.commit, 3);
  const kept = solo({ config: five, entries: log(1, 2, 4), hardState: { term: 4, vote: 0n, commit: 3 } });
  kept.step(ask);
  t.match(settle(kept).sent, [{ type: 'voteResponse', granted: false }]);
  t.end();
});

t.test('5.4.3: a member that holds a committed entry refuses whoever lacks it, in whatever term that asks', (t) => {
  for (const term of [3, 4, 90]) {
    const raft = solo({ config: five, entries: log(1, 2), hardState: { term: 2, vote: 0n, commit: 2 } });
    const lacking = { lastIndex: 1, lastTerm: 1, transfer: false } as const;
    raft.step({ type: 'vote', from: 5n, to: 1n, term, ...lacking });
    t.match(settle(raft).sent, [{ type: 'voteResponse', term, granted: false }]);
  }
  t.end();
});
