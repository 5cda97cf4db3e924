/**
 * Data directories as earlier versions left them, kept in test/fixtures, and what is in them. Each format of the files has one, written
 * when the format was new, and so has a version that others may hold data of: `node dist-test/upgrade/make-fixture.js NAME` makes one.
 */
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type BrainOptionValues, brainSettings, startBrain } from '@flotilla/brain';
import { connect } from '@flotilla/brain/test/cluster';
import { type KeyRow, rowOf } from '@flotilla/simulator';
import { fromId, toId } from '@flotilla/wire';

/** Of the files on disk, all of them. */
export const formatVersion = 2;

const fixtures = fileURLToPath(new URL('../../test/fixtures/', import.meta.url));
const archiveName = /^data-directory-(.+)\.tar\.gz$/;

/** Such as `format-1` or `0.1.0`. */
export const fixtureNames: readonly string[] = readdirSync(fixtures)
  .map((file) => archiveName.exec(file)?.[1])
  .filter((name) => name !== undefined);

export function fixturePath(name: string, kind: 'tar.gz' | 'json'): string {
  return `${fixtures}data-directory-${name}.${kind}`;
}

/** What a client can find in the directory. */
export interface Contents {
  readonly revision: string;
  readonly compactRevision: string;
  /** Over all revisions, as HashKV answers it. */
  readonly hash: number;
  readonly rows: readonly KeyRow[];
  /** Lease id → granted TTL in seconds, and keys. */
  readonly leases: readonly (readonly [id: string, ttlSeconds: string, keys: readonly string[]])[];
  readonly users: readonly string[];
  readonly roles: readonly string[];
}

export type Client = ReturnType<typeof connect>;

/** The flags that made the ids in the files. */
function optionsOf(directory: string): Partial<BrainOptionValues> {
  const anyPort = ['http://127.0.0.1:0'];
  return {
    name: 'kept',
    'data-dir': directory,
    'listen-client-urls': anyPort,
    'advertise-client-urls': anyPort,
    'listen-peer-urls': anyPort,
    'initial-advertise-peer-urls': ['http://127.0.0.1:2380'],
    'snapshot-count': 40,
    'snapshot-catchup-entries': 150,
  };
}

/** Runs a member on the directory while `use` does. */
export async function withMember<T>(directory: string, use: (client: Client) => Promise<T>): Promise<T> {
  const brain = await startBrain({ settings: brainSettings(optionsOf(directory)), segmentBytes: 8 * 1024 });
  try {
    await brain.ready;
    const client = connect(new URL(brain.clientUrls[0] ?? '').host);
    try {
      return await use(client);
    } finally {
      client.close();
    }
  } finally {
    await brain.close();
  }
}

export async function contentsOf({ kv, lease, auth, maintenance }: Client): Promise<Contents> {
  const { header, kvs } = await kv.Range({ key: Buffer.of(0), range_end: Buffer.of(0) });
  const { hash, compact_revision } = await maintenance.HashKV({});
  const { leases } = await lease.LeaseLeases({});
  const described = await Promise.all(
    leases.map(async ({ ID }) => {
      const id = toId(ID);
      const { grantedTTL, keys } = await lease.LeaseTimeToLive({ ID: fromId(id), keys: true });
      const names = keys.map((key) => Buffer.from(key).toString());
      return [id.toString(), grantedTTL.toString(), names] as const;
    }),
  );
  return {
    revision: header?.revision?.toString() ?? '',
    compactRevision: compact_revision.toString(),
    hash,
    rows: kvs.map(rowOf),
    leases: described.sort(([a], [b]) => (a < b ? -1 : 1)),
    users: (await auth.UserList({})).users,
    roles: (await auth.RoleList({})).roles,
  };
}
