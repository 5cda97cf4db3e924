/**
 * Rules of authentication: tests that run unchanged against one member, three members, and a real etcd where there is one, so
 * that a rule that we misread fails there. Each begins without users and roles. A rule that is newer than that etcd (3.4) is
 * held against ours alone.
 */
import t, { type Test } from 'tap';
import { RpcError, authpb } from '@flotilla/wire';
import { hasEtcd, startEtcd } from '@flotilla/store/test/etcd';
import { type TestClient, connect, planCluster, startAll } from './cluster.ts';

export const { READ, WRITE, READWRITE } = authpb.Permission.Type;

export const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');
export const text = (value: Uint8Array | null | undefined): string => Buffer.from(value ?? []).toString('latin1');

/** What a call is made with: the metadata of a token. */
export interface As {
  readonly metadata: Readonly<Record<string, string>>;
}

export const withToken = (token: string): As => ({ metadata: { token } });

export interface Setting {
  readonly t: Test;
  /** A client of a member that follows, where there is one. */
  readonly client: TestClient;
  /** One a member. */
  readonly clients: readonly TestClient[];
  readonly isEtcd: boolean;
  /** Adds a user with a role of its own, which has these permissions; the password is the name. */
  addUser(name: string, ...permissions: readonly Permission[]): Promise<void>;
  /** Makes root and turns authentication on; the answer is root's token. */
  enable(): Promise<As>;
  /** The token of a user whose password is its name. */
  login(name: string, password?: string): Promise<As>;
}

export type Permission = readonly [type: authpb.Permission.Type, key: string, rangeEnd?: string];

export interface RuleOptions {
  /** The first release that the rule holds in. */
  readonly since?: '3.5' | '3.6' | '3.7';
}

interface Rule extends RuleOptions {
  readonly name: string;
  readonly hold: (setting: Setting) => Promise<void>;
}

interface Server {
  readonly name: string;
  readonly targets: readonly string[];
  readonly isEtcd: boolean;
  stop(): Promise<void>;
}

export function holdRules(
  state: (rule: (name: string, hold: Rule['hold'], options?: RuleOptions) => void) => void,
  flags: { readonly ours?: Parameters<typeof planCluster>[1]; readonly etcd?: readonly string[] } = {},
): void {
  const rules: Rule[] = [];
  state((name, hold, options) => rules.push({ name, hold, ...options }));
  t.setTimeout(0);
  const kinds = [
    { name: 'one member', start: () => startOurs(1, flags.ours) },
    { name: 'three members', start: () => startOurs(3, flags.ours) },
    ...(hasEtcd ? [{ name: 'etcd', start: () => startReal(flags.etcd) }] : []),
  ];
  for (const kind of kinds) {
    t.test(kind.name, async (t) => {
      const server = await kind.start();
      const clients = server.targets.map(connect);
      try {
        for (const { name, hold, since } of rules) {
          if (since !== undefined && server.isEtcd) continue;
          await t.test(name, (t) => holdOne(settingOf(t, clients, server.isEtcd), hold));
        }
      } finally {
        for (const client of clients) client.close();
        await server.stop();
      }
    });
  }
}

async function startOurs(size: number, extra: Parameters<typeof planCluster>[1] = {}): Promise<Server> {
  const plan = await planCluster(size, { 'bcrypt-cost': 4, ...extra });
  const brains = await startAll(plan);
  const leader = brains.findIndex((brain) => brain.status().isLeader);
  return {
    name: `${size}`,
    targets: plan.endpoints.map((_, i) => plan.endpoints[(leader + i) % size] ?? ''),
    isEtcd: false,
    async stop() {
      await Promise.all(brains.map((brain) => brain.close()));
      await plan.clean();
    },
  };
}

async function startReal(flags: readonly string[] = []): Promise<Server> {
  const { target, stop } = await startEtcd(['--bcrypt-cost=4', ...flags]);
  return { name: 'etcd', targets: [target], isEtcd: true, stop };
}

function settingOf(t: Test, clients: readonly TestClient[], isEtcd: boolean): Setting {
  const client = clients.at(-1);
  if (!client) throw new Error('a server without members');
  const { auth } = client;
  const login = async (name: string, password = name): Promise<As> =>
    withToken((await auth.Authenticate({ name, password })).token);
  return {
    t,
    client,
    clients,
    isEtcd,
    login,
    async addUser(name, ...permissions) {
      await auth.UserAdd({ name, password: name });
      await auth.RoleAdd({ name });
      for (const [permType, key, rangeEnd = ''] of permissions) {
        await auth.RoleGrantPermission({ name, perm: { permType, key: bytes(key), range_end: bytes(rangeEnd) } });
      }
      await auth.UserGrantRole({ user: name, role: name });
    },
    async enable() {
      await auth.UserAdd({ name: 'root', password: 'root' });
      await auth.UserGrantRole({ user: 'root', role: 'root' });
      await auth.AuthEnable({});
      return login('root');
    },
  };
}

async function holdOne(setting: Setting, hold: Rule['hold']): Promise<void> {
  try {
    await hold(setting);
  } finally {
    await clean(setting);
  }
}

/** Turns authentication off and removes everything. */
async function clean({ client, login }: Setting): Promise<void> {
  const { auth, kv, lease } = client;
  const rootToken = await login('root').catch((error: unknown) => {
    if (error instanceof RpcError) return undefined;
    throw error;
  });
  if (rootToken) await auth.AuthDisable({}, rootToken);
  for (const name of (await auth.UserList({})).users) await auth.UserDelete({ name });
  for (const role of (await auth.RoleList({})).roles) await auth.RoleDelete({ role });
  for (const { ID } of (await lease.LeaseLeases({})).leases) await lease.LeaseRevoke({ ID: ID ?? 0 });
  await kv.DeleteRange({ key: bytes('\0'), range_end: bytes('\0') });
}

/** How a call was refused: `code text`; `ok` when it was answered. */
export async function refusal(call: Promise<unknown> | AsyncIterable<unknown>): Promise<string> {
  try {
    if (call instanceof Promise) await call;
    else for await (const _ of call);
  } catch (error) {
    if (error instanceof RpcError) return `${error.status} ${error.message}`;
    throw error;
  }
  return 'ok';
}
