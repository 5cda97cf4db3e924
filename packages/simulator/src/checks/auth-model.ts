/**
 * Who may do what, as the log says: an oracle of its own for users, roles and permissions, and for what a request needs of them.
 * States are immutable. What the workload never asks for (passwords, prev_kv, nested transactions) is not here.
 */
import type { Caller, EntryType } from '@flotilla/store';
import { authpb, etcdserverpb } from '@flotilla/wire';
import type { EtcdInput, KeyInterval, KeyspaceState } from '../linearizability/etcd-model.ts';
import { textOfBytes } from './entry-inputs.ts';

interface Grant extends KeyInterval {
  readonly reads: boolean;
  readonly writes: boolean;
}

export interface AuthModel {
  readonly enabled: boolean;
  readonly revision: number;
  /** User → roles. */
  readonly users: ReadonlyMap<string, ReadonlySet<string>>;
  readonly roles: ReadonlyMap<string, readonly Grant[]>;
}

export const authOff: AuthModel = { enabled: false, revision: 1, users: new Map(), roles: new Map() };

const root = 'root';

export function isRoot({ users }: AuthModel, name: string | undefined): boolean {
  return name !== undefined && (users.get(name)?.has(root) ?? false);
}

/** Whether the roles of a user cover an interval; authentication is on. */
export function mayAccess(
  auth: AuthModel,
  name: string,
  { key, end, access }: KeyInterval & { readonly access: 'reads' | 'writes' },
): boolean {
  if (isRoot(auth, name)) return true;
  const grants = [...(auth.users.get(name) ?? [])].flatMap((role) => auth.roles.get(role) ?? []);
  // Of an interval that ends before it begins, its beginning must be granted.
  const past = end === undefined || end <= key ? `${key}\0` : end;
  let covered = key;
  const intervals = grants.filter((grant) => grant[access]).sort((a, b) => (a.key < b.key ? -1 : 1));
  for (const grant of intervals) {
    const grantEnd = grant.end ?? `${grant.key}\0`;
    if (grant.key <= covered && grantEnd > covered) covered = grantEnd;
  }
  return covered >= past;
}

/** Whether an entry of a caller may change the keys; authentication is on. */
export function mayApply(
  auth: AuthModel,
  caller: Caller | undefined,
  input: EtcdInput,
  keyspace: KeyspaceState,
): boolean {
  if (input.kind === 'grant') return true;
  const allows = (one: KeyInterval, access: 'reads' | 'writes'): boolean =>
    caller !== undefined &&
    caller.authRevision >= auth.revision &&
    mayAccess(auth, caller.name, { key: one.key, end: one.end, access });
  const mayEnd = (lease: string): boolean =>
    isRoot(auth, caller?.name) ||
    [...keyspace.keys].every(([key, row]) => row.lease !== lease || allows({ key, end: undefined }, 'writes'));
  if (input.kind === 'revoke') return mayEnd(input.lease);
  const compares = input.kind === 'txn' ? input.compares : [];
  const operations = input.kind === 'txn' ? [...input.success, ...input.failure] : [input];
  if (!compares.every(({ key }) => allows({ key, end: undefined }, 'reads'))) return false;
  return operations.every((operation) => {
    if (operation.kind === 'range') return allows(operation, 'reads');
    if (operation.kind === 'delete') return allows(operation, 'writes');
    const isKeyAllowed = allows({ key: operation.key, end: undefined }, 'writes');
    return isKeyAllowed && (operation.lease === '' || mayEnd(operation.lease));
  });
}

/** The state after an entry about users and roles; the same object when it changes nothing. */
export function applyAuthEntry(
  auth: AuthModel,
  { type, body, caller }: { readonly type: EntryType; readonly body: Uint8Array; readonly caller?: Caller | undefined },
): AuthModel {
  if (auth.enabled && !isRoot(auth, caller?.name)) return auth;
  switch (type) {
    case 'authEnable':
      return auth.enabled || !isRoot(auth, root) ? auth : { ...auth, enabled: true };
    case 'authDisable':
      return auth.enabled ? advanced({ ...auth, enabled: false }) : auth;
    case 'userAdd': {
      const { name } = etcdserverpb.AuthUserAddRequest.decode(body);
      return auth.users.has(name) ? auth : withUser(auth, name, new Set());
    }
    case 'userDelete': {
      const { name } = etcdserverpb.AuthUserDeleteRequest.decode(body);
      const isKept = (auth.enabled && name === root) || !auth.users.has(name);
      return isKept ? auth : withUser(auth, name, undefined);
    }
    case 'userGrantRole': {
      const { user, role } = etcdserverpb.AuthUserGrantRoleRequest.decode(body);
      const roles = auth.users.get(user);
      if (!roles || roles.has(role) || (role !== root && !auth.roles.has(role))) return auth;
      return withUser(auth, user, new Set([...roles, role]));
    }
    case 'userRevokeRole': {
      const { name, role } = etcdserverpb.AuthUserRevokeRoleRequest.decode(body);
      const roles = auth.users.get(name);
      if (!roles?.has(role) || (auth.enabled && name === root && role === root)) return auth;
      return withUser(auth, name, new Set([...roles].filter((held) => held !== role)));
    }
    case 'roleAdd': {
      const { name } = etcdserverpb.AuthRoleAddRequest.decode(body);
      return auth.roles.has(name) ? auth : withRole(auth, name, []);
    }
    case 'roleGrantPermission': {
      const { name, perm } = etcdserverpb.AuthRoleGrantPermissionRequest.decode(body);
      const grants = auth.roles.get(name);
      if (!grants || !perm) return auth;
      const grant = grantOf(perm);
      return withRole(auth, name, [...grants.filter((one) => !isSame(one, grant)), grant]);
    }
    case 'roleRevokePermission': {
      const { role, key, range_end } = etcdserverpb.AuthRoleRevokePermissionRequest.decode(body);
      const revoked = { key: textOfBytes(key), end: endOf(range_end) };
      const grants = auth.roles.get(role);
      const left = grants?.filter((one) => !isSame(one, revoked));
      return !grants || !left || left.length === grants.length ? auth : withRole(auth, role, left);
    }
    default:
      return auth;
  }
}

function grantOf({ permType, key, range_end }: authpb.Permission.$Properties): Grant {
  const { READ, WRITE } = authpb.Permission.Type;
  return {
    key: textOfBytes(key),
    end: endOf(range_end),
    reads: permType !== WRITE,
    writes: (permType ?? READ) !== READ,
  };
}

function endOf(bytes: Uint8Array | null | undefined): string | undefined {
  const text = textOfBytes(bytes);
  return text === '' ? undefined : text;
}

function isSame(a: KeyInterval, b: KeyInterval): boolean {
  return a.key === b.key && a.end === b.end;
}

function withUser(auth: AuthModel, name: string, roles: ReadonlySet<string> | undefined): AuthModel {
  const users = new Map(auth.users);
  if (roles) users.set(name, roles);
  else users.delete(name);
  return advanced({ ...auth, users });
}

function withRole(auth: AuthModel, name: string, grants: readonly Grant[]): AuthModel {
  return advanced({ ...auth, roles: new Map(auth.roles).set(name, grants) });
}

/** All but turning authentication on raise the revision, and so make what was asked before it too old. */
function advanced(auth: AuthModel): AuthModel {
  return { ...auth, revision: auth.revision + 1 };
}
