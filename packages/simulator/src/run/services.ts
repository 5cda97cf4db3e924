/** The service tables of a running member, as they are mounted for clients. */
import {
  type Guards,
  type Member,
  type MemberWorld,
  authHandlers,
  guarded,
  kvGuards,
  kvHandlers,
  leaseGuards,
  leaseHandlers,
  localClient,
  lockHandlers,
  maintenanceGuards,
  maintenanceHandlers,
  watchHandlers,
} from '@flotilla/brain';
import {
  type Handlers,
  type ServiceTable,
  authService,
  kvService,
  leaseService,
  lockService,
  maintenanceService,
  watchService,
} from '@flotilla/wire';

/** What clients can call on a member that runs. */
export interface Services {
  readonly kv: Required<ReturnType<typeof kvHandlers>>;
  readonly lease: Required<ReturnType<typeof leaseHandlers>>;
  readonly watch: Required<ReturnType<typeof watchHandlers>>;
  readonly maintenance: Required<ReturnType<typeof maintenanceHandlers>>;
  readonly auth: Required<ReturnType<typeof authHandlers>>;
  readonly lock: Required<ReturnType<typeof lockHandlers>>;
}

export function servicesOf(member: Member, world: MemberWorld): Services {
  const mounted = <T extends ServiceTable>(
    table: T,
    handlers: Handlers<T>,
    guards: Guards = {},
  ): Required<Handlers<T>> => guarded(member, { table, handlers, guards }) as Required<Handlers<T>>;
  return {
    kv: mounted(kvService, kvHandlers(member), kvGuards),
    lease: mounted(leaseService, leaseHandlers(member, world), leaseGuards),
    watch: mounted(watchService, watchHandlers(member, world.clock)),
    maintenance: mounted(maintenanceService, maintenanceHandlers(member), maintenanceGuards),
    auth: mounted(authService, authHandlers(member)),
    lock: mounted(lockService, lockHandlers(member, localClient(member, world))),
  };
}
