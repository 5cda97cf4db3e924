// The Raft paper, sections 5.3, 5.4 and 8: one test a rule.
import type { AppendMessage } from '@flotilla/raft';
import t from 'tap';
import { confirm, data, entry, five, leader, log, ofType, settle, solo } from './harness/solo.ts';

function append(parts: Partial<AppendMessage>): AppendMessage {
  const blank = { prevIndex: 0, prevTerm: 0, commit: 0, entries: [] };
  return { type: 'append', from: 2n, to: 1n, term: 9, ...blank, ...parts };
}

t.test('5.3: a leader appends a proposal to its log and sends it to all followers in parallel', (t) => {
  const raft = leader();
  for (const from of [2n, 3n]) confirm(raft, { from, index: 1 });
  settle(raft);
  t.equal(raft.propose(data('a', 'b')), 'accepted');
  const ready = raft.ready();
  t.match(ready?.entries, [
    { term: 1, index: 2 },
    { term: 1, index: 3 },
  ]);
  t.strictSame(
    ofType(ready?.messages ?? [], 'append').map(({ to, prevIndex, entries }) => [to, prevIndex, entries.length]),
    [
      [2n, 1, 2],
      [3n, 1, 2],
    ],
    'before it is durable here',
  );
  const [first, second] = ofType(ready?.messages ?? [], 'append');
  t.equal(first?.entries, second?.entries, 'and as one array, so that it is encoded once');
  t.equal(first?.entries, ready?.entries);
  t.end();
});

t.test('5.3: an entry is committed when a majority holds it, the leader counting from its own sync', (t) => {
  const raft = leader({ config: five });
  confirm(raft, { from: 2n, index: 1 });
  t.equal(raft.commit, 0, 'two of five');
  confirm(raft, { from: 3n, index: 1 });
  t.equal(raft.commit, 1, 'three of five');
  t.match(settle(raft).applied, [{ term: 1, index: 1 }]);

  raft.propose(data('a'));
  const ready = raft.ready();
  confirm(raft, { from: 2n, index: 2 });
  confirm(raft, { from: 3n, index: 2 });
  t.equal(raft.commit, 1, 'two of five: the leader has not synced');
  confirm(raft, { from: 4n, index: 2 });
  t.equal(raft.commit, 2, 'three others suffice');
  t.match(raft.ready()?.committed, [{ index: 2 }], 'and are applied before the leader has synced');
  if (ready !== undefined) raft.synced(ready);
  t.equal(raft.commit, 2);
  t.end();
});

t.test('5.3: committing an entry commits all before it, those of earlier leaders too', (t) => {
  const raft = leader({ entries: log(1, 2) });
  confirm(raft, { from: 2n, index: 3 });
  t.strictSame(
    settle(raft).applied.map(({ index }) => index),
    [1, 2, 3],
  );
  t.end();
});

t.test('5.4.2: a leader commits an entry of an earlier term only along with one of its own', (t) => {
  const raft = leader({ entries: log(1, 2) });
  confirm(raft, { from: 2n, index: 2 });
  t.equal(raft.commit, 0, 'a majority holds entry 2, of term 2');
  confirm(raft, { from: 2n, index: 3 });
  t.equal(raft.commit, 3);
  t.end();
});

t.test('5.3: followers learn the commit index and apply in log order', (t) => {
  const raft = solo();
  raft.step(append({ entries: log(1, 1, 2), commit: 2 }));
  t.strictSame(
    settle(raft).applied.map(({ index }) => index),
    [1, 2],
  );
  raft.step(append({ prevIndex: 3, prevTerm: 2, commit: 3 }));
  t.strictSame(
    settle(raft).applied.map(({ index }) => index),
    [3],
  );
  t.end();
});

t.test('5.3: a follower commits no further than the append vouches for', (t) => {
  const raft = solo({ entries: log(1, 1, 1) });
  raft.step(append({ prevIndex: 1, prevTerm: 1, commit: 3 }));
  t.equal(raft.commit, 1);
  t.end();
});

t.test('5.3: a follower refuses what does not follow its log, and says where to look instead', (t) => {
  for (const [own, prevIndex, prevTerm, hint] of [
    [[1, 2], 3, 3, { hintIndex: 2, hintTerm: 2 }],
    [[1, 2], 2, 3, { hintIndex: 2, hintTerm: 2 }],
    [[1, 3, 3], 3, 2, { hintIndex: 1, hintTerm: 1 }],
    [[2, 2], 2, 1, { hintIndex: 0, hintTerm: 0 }],
  ] as const) {
    const raft = solo({ entries: log(...own) });
    raft.step(append({ prevIndex, prevTerm }));
    t.match(settle(raft).sent, [{ type: 'appendResponse', rejected: true, index: prevIndex, ...hint }]);
  }
  t.end();
});

t.test('5.3: a follower cuts off what conflicts, keeps what agrees, and appends what is new', (t) => {
  for (const [own, prevIndex, prevTerm, entries, written, last] of [
    [[1, 2], 2, 2, [[3, 3]], [3], 3],
    [[1, 2], 1, 1, [[3, 2]], [2], 2],
    [[1, 2], 0, 0, [[1, 1]], [], 2],
    [[1, 2, 2], 1, 1, [[2, 2]], [], 3],
    [
      [1, 2, 2],
      1,
      1,
      [
        [2, 2],
        [4, 3],
      ],
      [3],
      3,
    ],
  ] as const) {
    const raft = solo({ entries: log(...own) });
    raft.step(append({ prevIndex, prevTerm, entries: entries.map(([term, index]) => entry({ term, index })) }));
    const done = settle(raft);
    t.strictSame(
      done.written.map(({ index }) => index),
      written,
    );
    t.equal(raft.status().lastIndex, last);
    t.match(done.sent, [{ type: 'appendResponse', rejected: false, index: prevIndex + entries.length }]);
  }
  t.end();
});

t.test('5.3: an acknowledgement leaves only when the entries are durable', (t) => {
  const raft = solo();
  raft.step(append({ entries: log(1, 1) }));
  const ready = raft.ready();
  t.match(ready, { mustSync: true, messages: [], messagesAfterSync: [{ type: 'appendResponse', index: 2 }] });
  raft.step(append({ entries: log(1, 1) }));
  t.equal(raft.ready(), undefined, 'a repeated append is not acknowledged early either');
  if (ready !== undefined) raft.synced(ready);
  t.match(raft.ready(), { mustSync: false, messages: [{ type: 'appendResponse', index: 2 }] });
  t.end();
});

t.test('a late confirmation of entries does not count for those that took their place', (t) => {
  const raft = solo();
  raft.step(append({ term: 1, entries: log(1, 1, 1) }));
  const old = raft.ready();
  raft.step(append({ term: 2, prevIndex: 1, prevTerm: 1, entries: [2, 3].map((index) => entry({ term: 2, index })) }));
  t.equal(raft.ready(), undefined, 'one write at a time');
  if (old !== undefined) raft.synced(old);
  t.match(raft.status(), { lastIndex: 3, syncedIndex: 1 });
  const next = raft.ready();
  t.match(next, { entries: [{ term: 2, index: 2 }, { term: 2 }], messagesAfterSync: [{ term: 2, index: 3 }] });
  if (old !== undefined) t.throws(() => raft.synced(old), /synced what is not being written/);
  if (next !== undefined) raft.synced(next);
  t.match(raft.status(), { lastIndex: 3, syncedIndex: 3 });
  t.end();
});

t.test('5.3: a leader tries again further back until the logs agree, then sends the rest', (t) => {
  const raft = leader({ entries: log(1, 3, 3, 3, 5, 5) });
  const refusal = { type: 'appendResponse', from: 2n, to: 1n, term: 6, rejected: true } as const;
  raft.step({ ...refusal, index: 6, hintIndex: 6, hintTerm: 2 });
  const [probe] = ofType(settle(raft).sent, 'append');
  t.match(probe, { prevIndex: 1, prevTerm: 1 }, 'one step for the whole of terms 3 and 5');
  t.equal(probe?.entries.length, 6);
  raft.step({ ...refusal, index: 6, hintIndex: 0, hintTerm: 0 });
  t.equal(settle(raft).sent.length, 0, 'a refusal that comes twice is ignored');
  t.end();
});

t.test('5.3: a leader sends again what was lost, for as long as it takes', (t) => {
  const raft = leader();
  for (const from of [2n, 3n]) confirm(raft, { from, index: 1 });
  raft.propose(data('a'));
  settle(raft);
  for (let interval = 0; interval < 5; interval++) {
    raft.tick();
    raft.tick();
    raft.step({ type: 'heartbeatResponse', from: 3n, to: 1n, term: 1, round: 0 });
    t.match(ofType(settle(raft).sent, 'append'), [{ to: 3n }], 'once a silent interval');
  }
  t.end();
});

t.test(
  '5.3: entries with the same index and term have the same past: an append that matches nowhere adds nothing',
  (t) => {
    const raft = solo({ entries: log(1, 1) });
    raft.step(append({ prevIndex: 2, prevTerm: 2, entries: [entry({ term: 2, index: 3 })] }));
    t.equal(raft.status().lastIndex, 2);
    t.end();
  },
);

t.test('5.5: requests may be repeated: a second time they change nothing', (t) => {
  const raft = solo();
  const same = append({ entries: log(1, 1), commit: 1 });
  raft.step(same);
  settle(raft);
  raft.step(same);
  const { sent, written, applied } = settle(raft);
  t.match(sent, [{ type: 'appendResponse', rejected: false }]);
  t.strictSame([written, applied], [[], []]);
  t.end();
});

t.test('5.2, 5.3: what a member must remember is durable before it answers: term, vote and log', (t) => {
  const raft = solo();
  raft.step(append({ entries: log(1) }));
  const ready = raft.ready();
  t.match(ready, { hardState: { term: 9, vote: 0n }, entries: [{ index: 1 }], mustSync: true, messages: [] });
  if (ready !== undefined) raft.synced(ready);
  const again = solo({ entries: log(1), hardState: { term: 9, vote: 0n, commit: 0 } });
  t.match(again.status(), { term: 9, lastIndex: 1, syncedIndex: 1, role: 'follower' });
  t.end();
});

t.test('5.3: a leader never overwrites or deletes its own entries', (t) => {
  const raft = leader({ entries: log(1, 1) });
  t.throws(() => raft.step(append({ term: raft.term, entries: log(7) })), /two leaders in one term/);
  t.equal(raft.status().lastIndex, 3);
  t.end();
});

t.test('committed entries are never cut off', (t) => {
  const raft = solo({ entries: log(1, 1), hardState: { term: 1, vote: 0n, commit: 2 } });
  raft.step(append({ prevIndex: 1, prevTerm: 1, entries: [entry({ term: 2, index: 2 })] }));
  t.match(settle(raft).sent, [{ type: 'appendResponse', rejected: false, index: 2 }], 'a late append is not looked at');
  t.throws(
    () => solo({ entries: log(1), hardState: { term: 1, vote: 0n, commit: 2 } }),
    /commit 2 is beyond the last entry 1/,
  );
  t.end();
});

t.test('8: a new leader appends an empty entry of its term', (t) => {
  const raft = solo();
  raft.campaign();
  settle(raft);
  raft.step({ type: 'voteResponse', from: 2n, to: 1n, term: 1, granted: true });
  const { written } = settle(raft);
  t.match(written, [{ term: 1, index: 1, type: 'normal' }]);
  t.equal(written[0]?.data.length, 0);
  t.throws(() => raft.propose([new Uint8Array(0)]), /no-op/);
  t.end();
});

t.test('a follower forwards proposals once, and has nowhere to send them without a leader', (t) => {
  const raft = solo();
  t.equal(raft.propose(data('a')), 'noLeader');
  raft.step(append({}));
  settle(raft);
  t.equal(raft.propose(data('a', 'b')), 'accepted');
  t.match(settle(raft).sent, [{ type: 'propose', to: 2n, data: { length: 2 } }]);
  t.end();
});
