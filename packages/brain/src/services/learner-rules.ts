/** What a learner answers: its own status, its own copy of the keys, a snapshot of it. Everything else is for voters. */
import { toRpcError } from '@flotilla/store';
import {
  type CallContext,
  type Handlers,
  Pushed,
  type ServiceTable,
  type etcdserverpb,
  kvService,
  maintenanceService,
  pushed,
} from '@flotilla/wire';
import type { Member } from '../member/member.ts';

type Handler = (request: unknown, context: CallContext) => unknown;

export function isLearner({ machine, settings }: Pick<Member, 'machine' | 'settings'>): boolean {
  const { self } = settings.membership;
  return (machine.store.membership.members.get(self.id) ?? self).isLearner;
}

/** The same handlers, of which a learner refuses most. */
export function refusedByLearners<T extends ServiceTable>(
  member: Pick<Member, 'machine' | 'settings'>,
  { table, handlers }: { readonly table: T; readonly handlers: Handlers<T> },
): Handlers<T> {
  const result: Record<string, unknown> = { ...handlers };
  for (const [name, method] of Object.entries(table)) {
    const handler = result[name] as Handler | Pushed<unknown, unknown> | undefined;
    if (!handler || method === maintenanceService.Status || method === maintenanceService.Snapshot) continue;
    const refuse = (request: unknown): void => {
      if (!isLearner(member)) return;
      const isOwnCopy = method === kvService.Range && (request as etcdserverpb.RangeRequest).serializable;
      if (!isOwnCopy) throw toRpcError('notSupportedForLearner');
    };
    if (handler instanceof Pushed) {
      result[name] = pushed<unknown, unknown>(async (request, sink, context) => {
        refuse(request);
        await handler.handler(request, sink, context);
      });
      continue;
    }
    const refusing: Handler = (request, context) => {
      refuse(request);
      return handler(request, context);
    };
    result[name] = refusing;
  }
  return result as Handlers<T>;
}
