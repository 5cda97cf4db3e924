/**
 * The administrator: makes users and roles, turns authentication on, and goes on changing who may do what while requests of
 * those users are under way.
 */
import { messageOf } from '@flotilla/base';
import { type CallContext, authpb, etcdserverpb } from '@flotilla/wire';
import type { Services } from '../run/services.ts';
import type { Chance } from '../world/chance.ts';
import { contextOf } from './calls.ts';
import { type Cast, pass } from './cast.ts';

const roles = ['low', 'high'] as const;
export const users = ['u1', 'u2'] as const;

type Change = (services: Services, context: (bytes: Uint8Array) => CallContext) => unknown;

const { READ, WRITE, READWRITE } = authpb.Permission.Type;

export class AuthClient {
  readonly #cast: Cast;
  readonly #chance: Chance;

  constructor(cast: Cast, chance: Chance) {
    this.#cast = cast;
    this.#chance = chance;
  }

  async run(): Promise<void> {
    const { scheduler } = this.#cast;
    await pass(scheduler, this.#chance.between(0, 2000));
    for (const change of this.#beginning()) await this.#insist(change);
    while (!this.#cast.isOver) {
      await pass(scheduler, this.#chance.magnitude(10, 1000));
      await this.#insist(this.#drawChange());
    }
  }

  #beginning(): Change[] {
    return [
      addUser('root'),
      grantRole('root', 'root'),
      ...roles.map((role) => addRole(role)),
      ...roles.map((role) => this.#grantKeys(role)),
      ...users.map((user) => addUser(user)),
      ...users.flatMap((user) => roles.map((role) => grantRole(user, role))),
      enable,
    ];
  }

  #drawChange(): Change {
    const [user, role] = [this.#chance.pick(users), this.#chance.pick(roles)];
    return this.#chance.pickWeighted<Change>([
      [6, grantRole(user, role)],
      [3, revokeRole(user, role)],
      [6, this.#grantKeys(role)],
      [3, revokeKeys(role)],
      [1, deleteUser(user)],
      [3, addUser(user)],
      [0.5, disable],
      [3, enable],
    ]);
  }

  #grantKeys(role: string): Change {
    const permType = this.#chance.pickWeighted([
      [1, READ],
      [1, WRITE],
      [6, READWRITE],
    ] as const);
    return (services, context) => {
      const bytes = etcdserverpb.AuthRoleGrantPermissionRequest.encode({
        name: role,
        perm: { permType, ...keysOf(role) },
      }).finish();
      return services.auth.RoleGrantPermission(
        etcdserverpb.AuthRoleGrantPermissionRequest.decode(bytes),
        context(bytes),
      );
    };
  }

  /** Until it is answered, with a refusal too. */
  async #insist(change: Change): Promise<void> {
    const { calls, machines, scheduler, marks } = this.#cast;
    const signal = new AbortController().signal;
    while (!this.#cast.isOver) {
      const result = await calls.make('a1', this.#chance.pick(machines), async (services) => {
        await change(services, (bytes) => contextOf('a1', bytes, signal));
      });
      if (result.kind === 'answered') return marks.hit('users or roles changed');
      if (
        result.kind === 'failed' &&
        /already exists|not found|not granted|is not enabled/.test(messageOf(result.error))
      )
        return;
      await pass(scheduler, this.#chance.between(5, 100));
    }
  }
}

/** `low` has the first six keys, `high` the others. */
function keysOf(role: string): { key: Uint8Array; range_end: Uint8Array } {
  const [from, to] = role === 'low' ? ['k00', 'k06'] : ['k06', 'l'];
  return { key: Buffer.from(from), range_end: Buffer.from(to) };
}

function addUser(name: string): Change {
  return ({ auth }, context) => {
    const bytes = etcdserverpb.AuthUserAddRequest.encode({ name, options: { no_password: true } }).finish();
    return auth.UserAdd(etcdserverpb.AuthUserAddRequest.decode(bytes), context(bytes));
  };
}

function deleteUser(name: string): Change {
  return ({ auth }, context) => {
    const bytes = etcdserverpb.AuthUserDeleteRequest.encode({ name }).finish();
    return auth.UserDelete(etcdserverpb.AuthUserDeleteRequest.decode(bytes), context(bytes));
  };
}

function addRole(name: string): Change {
  return ({ auth }, context) => {
    const bytes = etcdserverpb.AuthRoleAddRequest.encode({ name }).finish();
    return auth.RoleAdd(etcdserverpb.AuthRoleAddRequest.decode(bytes), context(bytes));
  };
}

function grantRole(user: string, role: string): Change {
  return ({ auth }, context) => {
    const bytes = etcdserverpb.AuthUserGrantRoleRequest.encode({ user, role }).finish();
    return auth.UserGrantRole(etcdserverpb.AuthUserGrantRoleRequest.decode(bytes), context(bytes));
  };
}

function revokeRole(name: string, role: string): Change {
  return ({ auth }, context) => {
    const bytes = etcdserverpb.AuthUserRevokeRoleRequest.encode({ name, role }).finish();
    return auth.UserRevokeRole(etcdserverpb.AuthUserRevokeRoleRequest.decode(bytes), context(bytes));
  };
}

function revokeKeys(role: string): Change {
  return ({ auth }, context) => {
    const bytes = etcdserverpb.AuthRoleRevokePermissionRequest.encode({ role, ...keysOf(role) }).finish();
    return auth.RoleRevokePermission(etcdserverpb.AuthRoleRevokePermissionRequest.decode(bytes), context(bytes));
  };
}

const enable: Change = ({ auth }, context) => auth.AuthEnable(etcdserverpb.AuthEnableRequest.create(), context(none));
const disable: Change = ({ auth }, context) =>
  auth.AuthDisable(etcdserverpb.AuthDisableRequest.create(), context(none));
const none = new Uint8Array(0);
