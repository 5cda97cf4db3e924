import { type Randomness, seededRandomness } from '@flotilla/base';
import {
  type Compare,
  type EtcdInput,
  type EtcdOutput,
  type KeyOperation,
  type KeyspaceState,
  type Operation,
  type Register,
  type RegisterInput,
  type RegisterOutput,
  checkEtcdHistory,
  checkLinearizable,
  execute,
  partition,
  plainEtcdModel,
  registerModel,
  revisionAwareEtcdModel,
} from '@flotilla/simulator';
import t from 'tap';
import { below, bruteForce, drawHistory } from './histories.ts';

type RegisterOperation = Operation<RegisterInput, RegisterOutput>;

function at(calledAt: number, returnedAt: number | undefined, input: RegisterInput, output?: RegisterOutput) {
  const result = returnedAt === undefined || !output ? undefined : { at: returnedAt, output };
  return { client: calledAt, input, calledAt, result };
}
const put = (from: number, to: number | undefined, value: string): RegisterOperation =>
  at(from, to, { kind: 'put', value }, { kind: 'put' });
const read = (from: number, to: number, value: string | undefined): RegisterOperation =>
  at(from, to, { kind: 'read' }, { kind: 'read', value });
const remove = (from: number, to: number, deleted: boolean): RegisterOperation =>
  at(from, to, { kind: 'delete' }, { kind: 'delete', deleted });
const swap = (from: number, to: number, expected: string | undefined, value: string, succeeded: boolean) =>
  at(from, to, { kind: 'compareAndPut', expected, value }, { kind: 'compareAndPut', succeeded });

const handWritten: readonly (readonly [name: string, good: boolean, history: readonly RegisterOperation[]])[] = [
  ['nothing happened', true, []],
  ['a read of nothing', true, [read(1, 2, undefined)]],
  ['a read of what nobody wrote', false, [read(1, 2, 'a')]],
  ['a read after a write', true, [put(1, 2, 'a'), read(3, 4, 'a')]],
  ['a read that misses a write that had returned', false, [put(1, 2, 'a'), read(3, 4, undefined)]],
  ['a read beside a write may miss it', true, [put(1, 4, 'a'), read(2, 3, undefined)]],
  ['a read beside a write may see it', true, [put(1, 4, 'a'), read(2, 3, 'a')]],
  ['a read before a write', false, [read(1, 2, 'a'), put(3, 4, 'a')]],
  ['two reads beside a write that go back', false, [put(1, 8, 'a'), read(2, 3, 'a'), read(4, 5, undefined)]],
  ['a read of an overwritten value', false, [put(1, 2, 'a'), put(3, 4, 'b'), read(5, 6, 'a')]],
  ['writes at once, in either order', true, [put(1, 4, 'a'), put(2, 3, 'b'), read(5, 6, 'a')]],
  ['writes at once, seen in both orders', false, [put(1, 4, 'a'), put(2, 3, 'b'), read(5, 6, 'a'), read(7, 8, 'b')]],
  ['a lost write that was seen late', true, [put(1, undefined, 'a'), read(2, 3, undefined), read(8, 9, 'a')]],
  ['a lost write that never happened', true, [put(1, undefined, 'a'), read(8, 9, undefined)]],
  ['a lost write that was undone', false, [put(1, undefined, 'a'), read(2, 3, 'a'), read(4, 5, undefined)]],
  [
    'a lost write that happened twice',
    false,
    [put(1, undefined, 'a'), read(2, 3, 'a'), put(4, 5, 'b'), read(6, 7, 'b'), read(8, 9, 'a')],
  ],
  ['a delete of nothing', true, [remove(1, 2, false)]],
  ['a delete of nothing that says otherwise', false, [remove(1, 2, true)]],
  ['two deletes of one value', false, [put(1, 2, 'a'), remove(3, 6, true), remove(4, 5, true)]],
  ['two swaps of one value', false, [put(1, 2, 'a'), swap(3, 6, 'a', 'b', true), swap(4, 5, 'a', 'c', true)]],
  [
    'one of two swaps',
    true,
    [put(1, 2, 'a'), swap(3, 6, 'a', 'b', true), swap(4, 5, 'a', 'c', false), read(7, 8, 'b')],
  ],
  ['a swap that failed without a reason', false, [put(1, 2, 'a'), swap(3, 4, 'a', 'b', false)]],
];

t.test('hand-written histories of a register', async (t) => {
  for (const [name, good, history] of handWritten) {
    t.equal(checkLinearizable(registerModel, history).kind, good ? 'linearizable' : 'violated', name);
    t.equal(bruteForce(registerModel, history), good, `${name}, by brute force`);
  }
});

function drawRegisterInput(randomness: Randomness): RegisterInput {
  const value = `v${below(randomness, 3)}`;
  const drawn = randomness.next();
  if (drawn < 0.4) return { kind: 'read' };
  if (drawn < 0.7) return { kind: 'put', value };
  if (drawn < 0.85) return { kind: 'delete' };
  return { kind: 'compareAndPut', expected: randomness.next() < 0.3 ? undefined : `v${below(randomness, 3)}`, value };
}

function serveRegister(state: Register, input: RegisterInput): { state: Register; output: RegisterOutput } {
  const after = registerModel.step(state, input, undefined) ?? state;
  switch (input.kind) {
    case 'put':
      return { state: after, output: { kind: 'put' } };
    case 'read':
      return { state: after, output: { kind: 'read', value: state.value } };
    case 'delete':
      return { state: after, output: { kind: 'delete', deleted: state.value !== undefined } };
    case 'compareAndPut':
      return { state: after, output: { kind: 'compareAndPut', succeeded: state.value === input.expected } };
  }
}

/** Another answer, which may or may not be right as well. */
function spoil(randomness: Randomness, history: readonly RegisterOperation[]): RegisterOperation[] {
  const spoiled = [...history];
  const i = below(randomness, spoiled.length);
  const operation = spoiled[i];
  if (!operation?.result) return spoiled;
  const { output } = operation.result;
  let other: RegisterOutput = output;
  if (output.kind === 'read') other = { kind: 'read', value: [undefined, 'v0', 'v1', 'v2'][below(randomness, 4)] };
  if (output.kind === 'delete') other = { kind: 'delete', deleted: !output.deleted };
  if (output.kind === 'compareAndPut') other = { kind: 'compareAndPut', succeeded: !output.succeeded };
  spoiled[i] = { ...operation, result: { ...operation.result, output: other } };
  return spoiled;
}

t.test('small random histories, good and spoiled, are judged as by brute force', async (t) => {
  const verdicts = { linearizable: 0, violated: 0, undecided: 0 };
  for (let seed = 0; seed < 3000; seed++) {
    const randomness = seededRandomness(seed);
    const drawn = drawHistory(randomness, {
      model: registerModel,
      serve: serveRegister,
      drawInput: drawRegisterInput,
      clients: 1 + below(randomness, 4),
      operations: 1 + below(randomness, 7),
      unknownShare: 0.2,
    });
    if (checkLinearizable(registerModel, drawn).kind !== 'linearizable') t.fail(`seed ${seed}: a good history`);
    const spoiled = spoil(randomness, drawn);
    const { kind } = checkLinearizable(registerModel, spoiled);
    verdicts[kind]++;
    if ((kind === 'linearizable') !== bruteForce(registerModel, spoiled)) t.fail(`seed ${seed}: a spoiled history`);
  }
  t.equal(verdicts.undecided, 0);
  t.ok(verdicts.violated > 500 && verdicts.linearizable > 500, JSON.stringify(verdicts));
});

const keys = ['a', 'b', 'c', 'd', 'e', 'f'];
let values = 0;

function drawKeyOperation(randomness: Randomness): KeyOperation {
  const key = keys[below(randomness, keys.length)] ?? 'a';
  const end = randomness.next() < 0.3 ? 'e' : undefined;
  const drawn = randomness.next();
  if (drawn < 0.5) return { kind: 'range', key, end };
  if (drawn < 0.65) return { kind: 'delete', key, end };
  return { kind: 'put', key, value: `v${values++}`, lease: randomness.next() < 0.2 ? 'l1' : '' };
}

function drawEtcdInput(randomness: Randomness, state: KeyspaceState): EtcdInput {
  const drawn = randomness.next();
  if (drawn < 0.01) return { kind: 'grant', lease: 'l1' };
  if (drawn < 0.02) return { kind: 'revoke', lease: 'l1' };
  if (drawn < 0.7) return drawKeyOperation(randomness);
  const key = keys[below(randomness, keys.length)] ?? 'a';
  const equals = (state.keys.get(key)?.modRevision ?? 0) + (randomness.next() < 0.3 ? 1 : 0);
  const compares: Compare[] = [{ key, target: 'modRevision', equals }];
  const operations = (): KeyOperation[] => [0, 1].map(() => drawKeyOperation(randomness));
  return { kind: 'txn', compares, success: operations(), failure: operations() };
}

function drawEtcdHistory(seed: number, operations: number): Operation<EtcdInput, EtcdOutput>[] {
  return drawHistory(seededRandomness(seed), {
    model: plainEtcdModel(),
    serve: execute,
    drawInput: drawEtcdInput,
    clients: 20,
    operations,
    unknownShare: 0.01,
  });
}

/** Moves an answer to a call that ended before it was right or began after it was. */
function swapAnswers(history: readonly Operation<EtcdInput, EtcdOutput>[]): Operation<EtcdInput, EtcdOutput>[] {
  const reads = history.filter(({ input, result }) => input.kind === 'range' && result);
  const late = reads.at(-1);
  const early = reads.find(
    ({ input, result }) =>
      result && late?.result && JSON.stringify(input) === JSON.stringify(late.input) && result.at < late.calledAt,
  );
  if (!late?.result || !early?.result) return [...history];
  const stale = { ...late, result: { at: late.result.at, output: early.result.output } };
  return history.map((operation) => (operation === late ? stale : operation));
}

t.test('10,000 operations of 20 clients on a keyspace, in seconds', async (t) => {
  const history = drawEtcdHistory(1, 10_000);
  const began = process.cpuUsage().user;
  t.equal(checkEtcdHistory(history).kind, 'linearizable');
  t.comment(`${((process.cpuUsage().user - began) / 1e6).toFixed(2)} s of CPU`);
  const stale = swapAnswers(history);
  t.not(JSON.stringify(stale), JSON.stringify(history));
  const verdict = checkEtcdHistory(stale);
  t.equal(verdict.kind, 'violated');
  const moved = stale.find((operation, i) => operation !== history[i]);
  if (verdict.kind === 'violated') t.ok(verdict.stuck.some(({ result }) => result === moved?.result));
});

/** Values that are written once say which write a read saw. */
function drawUniqueInput(randomness: Randomness, { value }: Register): RegisterInput {
  const input = drawRegisterInput(randomness);
  if (input.kind === 'put') return { ...input, value: `u${values++}` };
  if (input.kind !== 'compareAndPut') return input;
  return { ...input, expected: randomness.next() < 0.7 ? value : undefined, value: `u${values++}` };
}

t.test('a register for each of 20 keys, 10,000 operations of 80 clients', async (t) => {
  const history: Operation<RegisterInput & { readonly key: string }, RegisterOutput>[] = [];
  for (let key = 0; key < 20; key++) {
    const drawn = drawHistory(seededRandomness(key), {
      model: registerModel,
      serve: serveRegister,
      drawInput: drawUniqueInput,
      clients: 4,
      operations: 500,
      unknownShare: 0.01,
    });
    for (const operation of drawn) history.push({ ...operation, input: { ...operation.input, key: String(key) } });
  }
  const began = process.cpuUsage().user;
  const parts = partition(history, ({ key }) => key);
  t.equal(parts.size, 20);
  for (const part of parts.values()) t.equal(checkLinearizable(registerModel, part).kind, 'linearizable');
  t.comment(`${((process.cpuUsage().user - began) / 1e6).toFixed(2)} s of CPU`);
});

t.test('small random histories of a keyspace, spoiled, are judged as by brute force', async (t) => {
  const verdicts = { linearizable: 0, violated: 0, undecided: 0 };
  for (let seed = 0; seed < 2000; seed++) {
    const randomness = seededRandomness(seed);
    const history = drawEtcdHistory(seed, 1 + below(randomness, 6));
    const i = below(randomness, history.length);
    const spoiled = history.map((operation, j) => {
      if (i !== j || !operation.result) return operation;
      const { at, output } = operation.result;
      const changed =
        randomness.next() < 0.5
          ? { ...output, revision: Math.max(1, output.revision + below(randomness, 3) - 1) }
          : { ...output, succeeded: !output.succeeded };
      return { ...operation, result: { at, output: changed } };
    });
    const model = randomness.next() < 0.5 ? plainEtcdModel() : revisionAwareEtcdModel(spoiled);
    const { kind } = checkLinearizable(model, spoiled);
    verdicts[kind]++;
    if ((kind === 'linearizable') !== bruteForce(model, spoiled)) t.fail(`seed ${seed}`);
  }
  t.equal(verdicts.undecided, 0);
  t.ok(verdicts.violated > 300 && verdicts.linearizable > 300, JSON.stringify(verdicts));
});
