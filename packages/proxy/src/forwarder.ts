/** What serves one route: TCP or UDP. */
import type { Clock, Logger } from '@flotilla/base';
import type { Denial } from './port-holder.ts';
import type { Route } from './service-table.ts';

export interface Forwarder {
  /** The same address and port with other endpoints. Connections of endpoints that are no longer alive are cut. */
  update(route: Route): void;
  /** True while this proxy, and no other of the machine, has the port. */
  readonly listening: boolean;
  /** Resolves when this proxy has the port. */
  readonly bound: Promise<void>;
  /** Cuts everything. Idempotent. */
  close(): Promise<void>;
}

export interface ForwarderSurroundings {
  readonly clock: Clock;
  readonly logger: Logger;
  denied(route: Route, denial: Denial): void;
}

/** Connections, or UDP clients, of one route at once; more are refused. */
export const maxClientsPerRoute = 10_000;
