/**
 * The client: one set of endpoints, and the etcd services over it.
 */
import { type Clock, type Logger, type Randomness, silentLogger, systemClock, systemRandomness } from '@flotilla/base';
import type { ChannelTls } from '@flotilla/wire';
import { createCaller } from './caller.ts';
import { createEndpoints } from './endpoints.ts';
import { createKv } from './kv.ts';
import type { Kv } from './kv-shapes.ts';
import { createLease } from './lease.ts';
import type { Lease } from './lease-shapes.ts';
import { createCluster, createMaintenance } from './maintenance.ts';
import type { Cluster, Maintenance } from './maintenance-shapes.ts';
import { openWatch } from './watch.ts';
import type { Watch, WatchOptions } from './watch-shapes.ts';

export interface EtcdClientOptions {
  /** `host:port`, `http://host:port` or `https://host:port`, at least one. */
  readonly endpoints: readonly string[];
  /** Needed for `https://`; with it, endpoints without a scheme speak TLS too. */
  readonly tls?: ChannelTls;
  /** Milliseconds for a call with all its attempts unless the call says otherwise; 10,000 unless told. */
  readonly timeoutMs?: number;
  /** Milliseconds after which a read that one endpoint does not answer is tried on the next; 3,000 unless told. */
  readonly attemptTimeoutMs?: number;
  readonly clock?: Clock;
  readonly randomness?: Randomness;
  readonly logger?: Logger;
}

export interface EtcdClient {
  readonly kv: Kv;
  readonly lease: Lease;
  readonly maintenance: Maintenance;
  readonly cluster: Cluster;
  /** Starts when it is iterated. */
  watch(options: WatchOptions): Watch;
  /** The endpoints, as given. */
  readonly endpoints: readonly string[];
  /** Ends all watches and keepers and closes all connections. Idempotent. */
  close(): void;
}

/**
 * Opens no connection yet: the first call does.
 * @throws OperatingError `ETCD_ENDPOINTS`, naming every endpoint that cannot be used.
 */
export function createEtcdClient(options: EtcdClientOptions): EtcdClient {
  const clock = options.clock ?? systemClock;
  const randomness = options.randomness ?? systemRandomness;
  const logger = options.logger ?? silentLogger;
  const endpoints = createEndpoints({ endpoints: options.endpoints, tls: options.tls, randomness, logger });
  const caller = createCaller({
    endpoints,
    clock,
    randomness,
    timeoutMs: options.timeoutMs ?? 10_000,
    attemptTimeoutMs: options.attemptTimeoutMs ?? 3_000,
  });
  return {
    kv: createKv(caller),
    lease: createLease({ caller, endpoints, clock }),
    maintenance: createMaintenance(caller),
    cluster: createCluster(caller),
    watch: (watchOptions) => openWatch(watchOptions, { endpoints, clock, randomness, logger }),
    endpoints: [...options.endpoints],
    close: () => endpoints.close(),
  };
}
