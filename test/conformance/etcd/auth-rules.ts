/** Rules of authentication: each begins without users, roles and keys, and may turn authentication on. */
import { RpcError, authpb } from '@flotilla/wire';
import { type Client, bytes } from './client.ts';
import { type RuleOptions, type Setting, conformance } from './rules.ts';

export const { READ, WRITE, READWRITE } = authpb.Permission.Type;

/** What a call is made with: the metadata of a token. */
export interface As {
  readonly metadata: Readonly<Record<string, string>>;
}

export const withToken = (token: string): As => ({ metadata: { token } });

export type Permission = readonly [type: authpb.Permission.Type, key: string, rangeEnd?: string];

export interface AuthSetting extends Setting {
  /** Adds a user with a role of its own, which has these permissions; the password is the name. */
  addUser(name: string, ...permissions: readonly Permission[]): Promise<void>;
  /** Makes root and turns authentication on; the answer is root's token. */
  enable(): Promise<As>;
  /** The token of a user whose password is its name, unless told. */
  login(name: string, password?: string): Promise<As>;
}

type Hold = (setting: AuthSetting) => Promise<void>;

export function authRules(state: (rule: (name: string, hold: Hold, options?: RuleOptions) => void) => void): void {
  conformance(
    'Auth',
    ({ rule }) => state((name, hold, options = {}) => rule(name, options, (setting) => holdOne(setting, hold))),
    { all: { 'bcrypt-cost': 4 } },
  );
}

async function holdOne(setting: Setting, hold: Hold): Promise<void> {
  try {
    await hold(authSetting(setting));
  } finally {
    await clean(setting.client);
  }
}

function authSetting(setting: Setting): AuthSetting {
  const { auth } = setting.client;
  return {
    ...setting,
    login: (name, password) => login(setting.client, name, password),
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
      return login(setting.client, 'root');
    },
  };
}

async function login({ auth }: Client, name: string, password = name): Promise<As> {
  return withToken((await auth.Authenticate({ name, password })).token);
}

/** Turns authentication off and removes everything. */
async function clean(client: Client): Promise<void> {
  const { auth, kv, lease } = client;
  const rootToken = await login(client, 'root').catch((error: unknown) => {
    if (error instanceof RpcError) return undefined;
    throw error;
  });
  if (rootToken) await auth.AuthDisable({}, rootToken);
  for (const name of (await auth.UserList({})).users) await auth.UserDelete({ name });
  for (const role of (await auth.RoleList({})).roles) await auth.RoleDelete({ role });
  for (const { ID } of (await lease.LeaseLeases({})).leases) await lease.LeaseRevoke({ ID: ID ?? 0 });
  await kv.DeleteRange({ key: bytes('\0'), range_end: bytes('\0') });
}
