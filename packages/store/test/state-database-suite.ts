/** What every state database must do; each implementation runs it. */
import type { Test } from 'tap';
import { isDeepStrictEqual } from 'node:util';
import type { OpenDatabase, Row, StateDatabase } from '@flotilla/store';

const bytes = (text: string): Uint8Array => Buffer.from(text);
const isCode = (error: unknown, code: string): boolean => isDeepStrictEqual((error as { code?: unknown }).code, code);

export interface SuiteOptions {
  readonly open: OpenDatabase;
  readonly directory: (name: string) => string;
  /** Bytes that follow each value: some databases keep large ones elsewhere. */
  readonly paddingBytes?: number;
}

export function stateDatabaseSuite(t: Test, { open, directory, paddingBytes = 0 }: SuiteOptions): void {
  const padding = Buffer.alloc(paddingBytes, '.');
  const change = (key: string, value?: string) => ({
    key: bytes(key),
    value: value === undefined ? undefined : Buffer.concat([bytes(value), padding]),
  });
  const valueOf = (value: Uint8Array): string => {
    t.ok(padding.equals(value.subarray(value.length - paddingBytes)), 'its end is as it was written');
    return Buffer.from(value.subarray(0, value.length - paddingBytes)).toString();
  };
  const collect = async (rows: AsyncIterable<Row>): Promise<string[]> => {
    const found: string[] = [];
    for await (const { key, value } of rows) found.push(`${Buffer.from(key).toString()}=${valueOf(value)}`);
    return found;
  };
  const rowsOf = async (database: StateDatabase): Promise<string[]> => {
    const snapshot = database.snapshot();
    const rows = await collect(snapshot.rows());
    await snapshot.close();
    return rows;
  };

  t.test('a database that must be there is refused when it is not', async (t) => {
    await t.rejects(open({ directory: directory('missing'), createIfMissing: false }), { code: 'STATE_DAMAGED' });
  });

  t.test('a second opener is refused while the first has it', async (t) => {
    const options = { directory: directory('locked'), createIfMissing: true };
    const database = await open(options);
    const error: unknown = await open(options).catch((refusal: unknown) => refusal);
    t.ok(isCode(error, 'STATE_LOCKED'), 'it says that it is locked');
    await database.close();
  });

  t.test('rows are read as they were written, in key order, after a restart too', async (t) => {
    const options = { directory: directory('rows'), createIfMissing: true };
    const database = await open(options);
    await database.batch([change('b', '2'), change('a', '1'), change('c', '3')], { sync: false });
    await database.batch([change('b'), change('a', 'one'), change('d', '')], { sync: true });
    t.equal(valueOf(database.get(bytes('a')) ?? padding), 'one');
    t.equal(database.get(bytes('b')), undefined);
    t.same(await rowsOf(database), ['a=one', 'c=3', 'd=']);
    await database.close();
    const again = await open({ ...options, createIfMissing: false });
    t.same(await rowsOf(again), ['a=one', 'c=3', 'd=']);
    await again.close();
  });

  t.test('memory of a batch that was written may be used again', async (t) => {
    const options = { directory: directory('memory'), createIfMissing: true };
    const database = await open(options);
    const changes = [change('a', '1'), change('b', '2')];
    await database.batch(changes, { sync: true });
    for (const { key, value } of changes) {
      key.fill(0x7a);
      value?.fill(0x7a);
    }
    t.same(await rowsOf(database), ['a=1', 'b=2']);
    await database.close();
    const again = await open({ ...options, createIfMissing: false });
    t.same(await rowsOf(again), ['a=1', 'b=2']);
    await again.close();
  });

  t.test('a database that was closed answers nothing', async (t) => {
    const database = await open({ directory: directory('closed'), createIfMissing: true });
    await database.close();
    t.throws(() => database.get(bytes('a')));
    t.throws(() => database.snapshot());
    await t.rejects(database.batch([change('a', '1')], { sync: false }));
  });

  t.test('a snapshot shows one moment while batches go on', async (t) => {
    const database = await open({ directory: directory('snapshot'), createIfMissing: true });
    await database.batch([change('a', '1'), change('b', '1')], { sync: false });
    const snapshot = database.snapshot();
    await database.batch([change('a', '2'), change('b'), change('c', '2')], { sync: false });
    t.equal(valueOf(snapshot.get(bytes('a')) ?? padding), '1');
    t.equal(snapshot.get(bytes('c')), undefined);
    t.same(await collect(snapshot.rows()), ['a=1', 'b=1']);
    await snapshot.close();
    t.same(await rowsOf(database), ['a=2', 'c=2']);
    await database.close();
  });
}
