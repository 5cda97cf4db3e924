/** Makes a fixture of the code as it is, `make-fixture.js NAME`: a directory with several segments, tables, files of values, leases, users and compacted history. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromId } from '@flotilla/wire';
import { type Client, contentsOf, fixturePath, withMember } from './fixture.ts';

const [, , name] = process.argv;
if (name === undefined) throw new Error('make-fixture.js NAME: such as format-3, or 0.2.0');
const archive = fixturePath(name, 'tar.gz');
if (existsSync(archive)) throw new Error(`${archive} is there: a fixture is what an earlier version wrote, and stays`);

const bytes = (text: string): Uint8Array => Buffer.from(text);
const parent = mkdtempSync(join(tmpdir(), 'flotilla-fixture-'));
const directory = join(parent, 'data');

async function fill({ kv, lease, auth }: Client, from: number): Promise<void> {
  for (let i = from; i < from + 90; i++) {
    const [key, value] = [bytes(`key/${i % 17}`), bytes(`value ${i} `.repeat(1 + (i % 9)))];
    if (i % 11 === 0) await kv.DeleteRange({ key });
    else if (i % 7 === 0)
      await kv.Txn({ success: [{ request_put: { key, value } }, { request_put: { key: bytes('also'), value } }] });
    else await kv.Put({ key, value });
  }
  // At once: one batch of the state, with enough of large values for a file of values.
  const large = Array.from({ length: 9 }, (_, i) => ({
    key: bytes(`large/${i}`),
    value: bytes(`${from + i} `.repeat(2500)),
  }));
  await Promise.all(large.map((request) => kv.Put(request)));
  const ID = fromId(BigInt(1000 + from));
  await lease.LeaseGrant({ ID, TTL: 1_000_000_000 });
  await kv.Put({ key: bytes(`leased/${from}`), value: bytes('x'), lease: ID });
  const { header } = await kv.Put({ key: bytes('empty') });
  await kv.Compact({ revision: Number(header?.revision ?? 0) - 30, physical: true });
  await auth.UserAdd({ name: `user-${from}`, password: 'secret' });
  await auth.RoleAdd({ name: `role-${from}` });
  await auth.RoleGrantPermission({
    name: `role-${from}`,
    perm: { permType: 2, key: bytes('a'), range_end: bytes('b') },
  });
}

try {
  for (const from of [0, 100, 200]) await withMember(directory, (client) => fill(client, from));
  const files = readdirSync(directory, { recursive: true }).map(String);
  if (!files.some((file) => file.endsWith('.values'))) throw new Error('no large value has a file: try again');
  const contents = await withMember(directory, contentsOf);
  writeFileSync(fixturePath(name, 'json'), `${JSON.stringify(contents, undefined, 2)}\n`);
  const packed = spawnSync('tar', ['-czf', archive, '--exclude=LOG', '--exclude=LOG.old', '-C', parent, 'data'], {
    stdio: 'inherit',
  });
  if (packed.status !== 0) throw new Error('tar failed');
} finally {
  rmSync(parent, { recursive: true });
}
