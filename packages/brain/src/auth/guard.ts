/**
 * What the methods of a service ask of their callers before they run, where the store does not ask for itself.
 * `caller`: to be known; `root`: to have the role root. A method that is not named asks nothing.
 */
import { toRpcError } from '@flotilla/store';
import { type CallContext, type Handlers, Pushed, type ServiceTable, etcdserverpb, pushed } from '@flotilla/wire';
import type { Member } from '../member/member.ts';

type Access = 'caller' | 'root';

/** Method → what it asks. */
export type Guards = Readonly<Record<string, Access | ((request: unknown) => Access)>>;

export const kvGuards: Guards = { Compact: 'root' };

/** Keep-alives are asked one by one, by their handler. */
export const leaseGuards: Guards = {
  LeaseGrant: 'caller',
  LeaseRevoke: 'caller',
  LeaseTimeToLive: 'caller',
  LeaseLeases: 'caller',
};

export const clusterGuards: Guards = {
  MemberAdd: 'root',
  MemberRemove: 'root',
  MemberUpdate: 'root',
  MemberPromote: 'root',
  MemberList: 'caller',
};

const { GET } = etcdserverpb.AlarmRequest.AlarmAction;

export const maintenanceGuards: Guards = {
  Status: 'caller',
  Alarm: (request) => ((request as etcdserverpb.AlarmRequest).action === GET ? 'caller' : 'root'),
  Defragment: 'root',
  Hash: 'root',
  HashKV: 'root',
  Snapshot: 'root',
  MoveLeader: 'root',
  Downgrade: 'root',
};

type Handler = (request: unknown, context: CallContext) => unknown;

/** The same handlers, guarded. */
export function guarded<T extends ServiceTable>(
  { authentication }: Pick<Member, 'authentication'>,
  { table, handlers, guards }: { readonly table: T; readonly handlers: Handlers<T>; readonly guards: Guards },
): Handlers<T> {
  const admit = async (access: Access, context: CallContext): Promise<void> => {
    const caller = await authentication.callerOf(context);
    const { state } = authentication;
    if (!state.enabled) return;
    const refused = access === 'root' ? state.refusedAdmin(caller) : caller ? undefined : 'userNameEmpty';
    if (refused) throw toRpcError(refused);
  };

  const result: Record<string, unknown> = { ...handlers };
  for (const [name, guard] of Object.entries(guards)) {
    const handler = result[name] as Handler | Pushed<unknown, unknown> | undefined;
    const method = table[name];
    if (!handler || !method) continue;
    const accessOf = typeof guard === 'function' ? guard : () => guard;
    if (handler instanceof Pushed) {
      result[name] = pushed<unknown, unknown>(async (request, sink, context) => {
        await admit(accessOf(request), context);
        await handler.handler(request, sink, context);
      });
      continue;
    }
    const unary: Handler = async (request, context) => {
      await admit(accessOf(request), context);
      return await handler(request, context);
    };
    const stream: Handler = async function* (request, context): AsyncGenerator<unknown, void> {
      await admit(accessOf(request), context);
      yield* handler(request, context) as AsyncIterable<unknown>;
    };
    const slow = method.kind === 'unary' ? unary : stream;
    const guardedHandler: Handler = (request, context) =>
      (authentication.state.enabled ? slow : handler)(request, context);
    result[name] = guardedHandler;
  }
  return result as Handlers<T>;
}
