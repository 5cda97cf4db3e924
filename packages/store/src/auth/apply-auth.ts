/**
 * The entries that change users, roles and whether authentication is on. Each rule returns the refusal, which changed nothing,
 * or undefined. Whether the caller may ask for it was checked before (`entry-access.ts`).
 *
 * Source: etcd's auth store, with its silences: granting a role again, turning on what is on and off what is off succeed
 * without a new auth revision.
 */
import { authpb, etcdserverpb } from '@flotilla/wire';
import { compareBytes, noBytes } from '../bytes.ts';
import type { AuthEntryType } from '../entry.ts';
import type { StoreErrorCode } from '../errors.ts';
import { type AuthState, type Role, root, sortNames } from './auth-state.ts';
import { fromMessage, namesKeys, sameKeys, toMessage } from './permission.ts';

type Refused = StoreErrorCode | undefined;

/** Applies an entry. */
export function applyAuth(auth: AuthState, type: AuthEntryType, body: Uint8Array): Refused {
  switch (type) {
    case 'authEnable':
      return enable(auth);
    case 'authDisable':
      return disable(auth);
    case 'userAdd':
      return addUser(auth, etcdserverpb.AuthUserAddRequest.decode(body));
    case 'userDelete':
      return deleteUser(auth, etcdserverpb.AuthUserDeleteRequest.decode(body));
    case 'userChangePassword':
      return changePassword(auth, etcdserverpb.AuthUserChangePasswordRequest.decode(body));
    case 'userGrantRole':
      return grantRole(auth, etcdserverpb.AuthUserGrantRoleRequest.decode(body));
    case 'userRevokeRole':
      return revokeRole(auth, etcdserverpb.AuthUserRevokeRoleRequest.decode(body));
    case 'roleAdd':
      return addRole(auth, etcdserverpb.AuthRoleAddRequest.decode(body));
    case 'roleDelete':
      return deleteRole(auth, etcdserverpb.AuthRoleDeleteRequest.decode(body));
    case 'roleGrantPermission':
      return grantPermission(auth, etcdserverpb.AuthRoleGrantPermissionRequest.decode(body));
    case 'roleRevokePermission':
      return revokePermission(auth, etcdserverpb.AuthRoleRevokePermissionRequest.decode(body));
  }
}

/**
 * Gives a token to a user whose password the handler found right. The token names the entry, so that each member knows whether
 * it has applied it.
 * @returns the token, or the refusal.
 */
export function authenticate(
  auth: AuthState,
  { user: name, tokenPrefix }: { readonly user: string; readonly tokenPrefix: string },
  index: number,
): { readonly token: string } | StoreErrorCode {
  if (!auth.enabled) return 'authNotEnabled';
  const user = auth.user(name);
  if (!user || user.noPassword) return 'authenticationFailed';
  const token = `${tokenPrefix}.${index}`;
  auth.tellAuthenticated(name, token);
  return { token };
}

function enable(auth: AuthState): Refused {
  if (auth.enabled) return undefined;
  const user = auth.user(root);
  if (!user) return 'rootUserMissing';
  if (!user.roles.includes(root)) return 'rootRoleMissing';
  auth.setEnabled(true);
  return undefined;
}

function disable(auth: AuthState): Refused {
  if (!auth.enabled) return undefined;
  auth.setEnabled(false);
  auth.advance();
  return undefined;
}

function addUser(auth: AuthState, { name, hashedPassword, options }: etcdserverpb.AuthUserAddRequest): Refused {
  if (name === '') return 'userNameEmpty';
  if (auth.user(name)) return 'userExists';
  const noPassword = options?.no_password === true;
  const passwordHash = noPassword ? noBytes : decodeHash(hashedPassword);
  if (!passwordHash) return 'passwordForNoPasswordUser';
  auth.putUser({ name, passwordHash, noPassword, roles: [] });
  auth.advance();
  return undefined;
}

function deleteUser(auth: AuthState, { name }: etcdserverpb.AuthUserDeleteRequest): Refused {
  if (auth.enabled && name === root) return 'invalidAuthManagement';
  if (!auth.user(name)) return 'userNotFound';
  auth.deleteUser(name);
  auth.advance();
  auth.tellInvalidated(name);
  return undefined;
}

function changePassword(
  auth: AuthState,
  { name, hashedPassword }: etcdserverpb.AuthUserChangePasswordRequest,
): Refused {
  const user = auth.user(name);
  if (!user) return 'userNotFound';
  const passwordHash = user.noPassword ? noBytes : decodeHash(hashedPassword);
  if (!passwordHash) return 'passwordForNoPasswordUser';
  auth.putUser({ ...user, passwordHash });
  auth.advance();
  auth.tellInvalidated(name);
  return undefined;
}

/** The role root can be granted before anybody has added it. */
function grantRole(auth: AuthState, { user: name, role }: etcdserverpb.AuthUserGrantRoleRequest): Refused {
  const user = auth.user(name);
  if (!user) return 'userNotFound';
  if (role !== root && !auth.role(role)) return 'roleNotFound';
  if (user.roles.includes(role)) return undefined;
  auth.putUser({ ...user, roles: sortNames([...user.roles, role]) });
  auth.advance();
  return undefined;
}

function revokeRole(auth: AuthState, { name, role }: etcdserverpb.AuthUserRevokeRoleRequest): Refused {
  if (auth.enabled && name === root && role === root) return 'invalidAuthManagement';
  const user = auth.user(name);
  if (!user) return 'userNotFound';
  if (!user.roles.includes(role)) return 'roleNotGranted';
  auth.putUser({ ...user, roles: user.roles.filter((held) => held !== role) });
  auth.advance();
  return undefined;
}

function addRole(auth: AuthState, { name }: etcdserverpb.AuthRoleAddRequest): Refused {
  if (name === '') return 'roleNameEmpty';
  if (auth.role(name)) return 'roleExists';
  auth.putRole({ name, permissions: [] });
  auth.advance();
  return undefined;
}

function deleteRole(auth: AuthState, { role }: etcdserverpb.AuthRoleDeleteRequest): Refused {
  if (auth.enabled && role === root) return 'invalidAuthManagement';
  if (!auth.role(role)) return 'roleNotFound';
  auth.deleteRole(role);
  for (const name of auth.userNames()) {
    const user = auth.user(name);
    if (user?.roles.includes(role)) auth.putUser({ ...user, roles: user.roles.filter((held) => held !== role) });
  }
  auth.advance();
  return undefined;
}

/** A grant on the same keys takes the place of the first one that begins with the same key, as in etcd, and of no other. */
function grantPermission(auth: AuthState, { name, perm }: etcdserverpb.AuthRoleGrantPermissionRequest): Refused {
  if (!perm) return 'permissionNotGiven';
  const permission = fromMessage(perm);
  if (!namesKeys(permission)) return 'invalidAuthManagement';
  const role = auth.role(name);
  if (!role) return 'roleNotFound';
  const first = role.permissions.findIndex(({ key }) => compareBytes(key, permission.key) >= 0);
  const replaced = role.permissions[first];
  const permissions =
    replaced && sameKeys(replaced, permission)
      ? role.permissions.with(first, permission)
      : [...role.permissions, permission].sort((a, b) => compareBytes(a.key, b.key));
  auth.putRole({ name, permissions });
  auth.advance();
  return undefined;
}

function revokePermission(auth: AuthState, request: etcdserverpb.AuthRoleRevokePermissionRequest): Refused {
  const role = auth.role(request.role);
  if (!role) return 'roleNotFound';
  const revoked = { key: request.key, rangeEnd: request.range_end };
  const permissions = role.permissions.filter((permission) => !sameKeys(permission, revoked));
  if (permissions.length === role.permissions.length) return 'permissionNotGranted';
  auth.putRole({ ...role, permissions });
  auth.advance();
  return undefined;
}

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

function decodeHash(text: string): Uint8Array | undefined {
  return base64.test(text) ? new Uint8Array(Buffer.from(text, 'base64')) : undefined;
}

/** The permissions of a role as the wire carries them; the role root has all. */
export function permissionsOf({ name, permissions }: Role): authpb.Permission.$Properties[] {
  if (name === root) return [{ permType: authpb.Permission.Type.READWRITE, key: noBytes, range_end: Buffer.of(0) }];
  return permissions.map(toMessage);
}
