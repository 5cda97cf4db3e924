/** The service tables of a running member, as they are mounted for clients. */
import {
  type Guards,
  type Member,
  type MemberWorld,
  authHandlers,
  clusterGuards,
  clusterHandlers,
  electionHandlers,
  guarded,
  kvGuards,
  kvHandlers,
  leaseGuards,
  leaseHandlers,
  localClient,
  lockHandlers,
  maintenanceGuards,
  maintenanceHandlers,
  refusedByLearners,
  watchHandlers,
} from '@flotilla/brain';
import {
  type Handlers,
  type ServiceTable,
  authService,
  clusterService,
  electionService,
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
  readonly election: Required<ReturnType<typeof electionHandlers>>;
  readonly cluster: Required<ReturnType<typeof clusterHandlers>>;
}

export function servicesOf(member: Member, world: MemberWorld): Services {
  const mounted = <T extends ServiceTable>(
    table: T,
    handlers: Handlers<T>,
    guards: Guards = {},
  ): Required<Handlers<T>> =>
    refusedByLearners(member, { table, handlers: guarded(member, { table, handlers, guards }) }) as Required<
      Handlers<T>
    >;
  const clientOf = localClient(member, world);
  return {
    kv: mounted(kvService, kvHandlers(member), kvGuards),
    lease: mounted(leaseService, leaseHandlers(member, world), leaseGuards),
    watch: mounted(watchService, watchHandlers(member, world.clock)),
    maintenance: mounted(maintenanceService, maintenanceHandlers(member), maintenanceGuards),
    auth: mounted(authService, authHandlers(member)),
    lock: mounted(lockService, lockHandlers(member, clientOf)),
    election: mounted(electionService, electionHandlers(member, clientOf)),
    cluster: mounted(clusterService, clusterHandlers(member, world), clusterGuards),
  };
}
