/**
 * `etcdserverpb.Auth`: changes of users and roles go through the log, with hashes in place of passwords; questions are
 * answered from local state after a ReadIndex round. Who may ask is decided where it is answered.
 */
import { type AuthEntryType, type Caller, permissionsOf, toRpcError } from '@flotilla/store';
import { type CallContext, type Handlers, type authService, etcdserverpb } from '@flotilla/wire';
import type { Member } from '../member/member.ts';
import { requireLeader } from './require-leader.ts';
import { type ResponseHeader, answered, headerOf } from './response-header.ts';

interface Headed {
  readonly header: ResponseHeader;
}

export function authHandlers(member: Member): Handlers<typeof authService> {
  const header = headerOf(member);
  const { authentication, proposals, reads } = member;

  async function change(type: AuthEntryType, context: CallContext, body: Uint8Array): Promise<Headed> {
    const caller = await authentication.callerOf(context);
    return { header: header(answered(await proposals.submit(type, body, caller)).revision) };
  }

  /** Proposes the request's own bytes. */
  const changes = (type: AuthEntryType) => async (_request: unknown, context: CallContext) => {
    requireLeader(member, context);
    return await change(type, context, context.requestBytes);
  };

  /** Who asks, once local state is as new as the question. */
  async function asker(context: CallContext): Promise<Caller | undefined> {
    requireLeader(member, context);
    await reads.confirm();
    return await authentication.callerOf(context);
  }

  const headerNow = (): ResponseHeader => header(member.machine.store.revision);

  return {
    AuthEnable: changes('authEnable'),
    AuthDisable: changes('authDisable'),
    async AuthStatus(_request, context) {
      await asker(context);
      const { enabled, revision } = authentication.state;
      return { header: headerNow(), enabled, authRevision: revision };
    },
    async Authenticate({ name, password }, context) {
      requireLeader(member, context);
      await reads.confirm();
      for (;;) {
        const authRevision = await checkPassword(member, { name, password });
        const token = await authentication.tokens.issue({ user: name, authRevision });
        // Otherwise the password may have been changed while it was compared.
        if (authRevision === authentication.state.revision) return { header: headerNow(), token };
      }
    },
    async UserAdd({ name, password, options }, context) {
      requireRoot(member, await asker(context));
      const hashedPassword = options?.no_password === true ? '' : await hashOf(member, password);
      const request = { name, options: options ?? null, hashedPassword };
      return await change('userAdd', context, etcdserverpb.AuthUserAddRequest.encode(request).finish());
    },
    async UserChangePassword({ name, password, hashedPassword }, context) {
      requireRoot(member, await asker(context));
      const request = { name, hashedPassword: password === '' ? hashedPassword : await hashOf(member, password) };
      const body = etcdserverpb.AuthUserChangePasswordRequest.encode(request).finish();
      return await change('userChangePassword', context, body);
    },
    UserDelete: changes('userDelete'),
    UserGrantRole: changes('userGrantRole'),
    UserRevokeRole: changes('userRevokeRole'),
    RoleAdd: changes('roleAdd'),
    RoleDelete: changes('roleDelete'),
    RoleGrantPermission: changes('roleGrantPermission'),
    RoleRevokePermission: changes('roleRevokePermission'),
    /** Everybody may ask about oneself. */
    async UserGet({ name }, context) {
      const caller = await asker(context);
      const refused = authentication.state.refusedAdmin(caller);
      if (refused && name !== (caller?.name ?? '')) throw toRpcError(refused);
      const user = authentication.state.user(name);
      if (!user) throw toRpcError('userNotFound');
      return { header: headerNow(), roles: [...user.roles] };
    },
    async UserList(_request, context) {
      requireRoot(member, await asker(context));
      return { header: headerNow(), users: [...authentication.state.userNames()] };
    },
    /** And about the roles that one has. */
    async RoleGet({ role: name }, context) {
      const caller = await asker(context);
      const { state } = authentication;
      const refused = state.refusedAdmin(caller);
      if (refused && state.user(caller?.name ?? '')?.roles.includes(name) !== true) throw toRpcError(refused);
      const role = state.role(name);
      if (!role) throw toRpcError('roleNotFound');
      return { header: headerNow(), perm: permissionsOf(role) };
    },
    async RoleList(_request, context) {
      requireRoot(member, await asker(context));
      return { header: headerNow(), roles: [...authentication.state.roleNames()] };
    },
  };
}

function requireRoot({ authentication }: Member, caller: Caller | undefined): void {
  const refused = authentication.state.refusedAdmin(caller);
  if (refused) throw toRpcError(refused);
}

async function hashOf({ authentication }: Member, password: string): Promise<string> {
  return Buffer.from(await authentication.passwords.hash(password)).toString('base64');
}

/** The auth revision with which the password is right. @throws RpcError when it is not. */
async function checkPassword(
  { authentication }: Member,
  { name, password }: { readonly name: string; readonly password: string },
): Promise<number> {
  const { state } = authentication;
  if (!state.enabled) throw toRpcError('authNotEnabled');
  const user = state.user(name);
  if (!user) throw toRpcError('authenticationFailed');
  if (user.noPassword) throw toRpcError('passwordForNoPasswordUser');
  const { revision } = state;
  if (!(await authentication.passwords.fits(password, user.passwordHash))) throw toRpcError('authenticationFailed');
  return revision;
}
