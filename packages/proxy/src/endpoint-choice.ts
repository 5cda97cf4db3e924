/**
 * Which endpoint a new client gets: the endpoints in turn, or with session affinity the one it had before. A choice is an order: the
 * next one is tried when the first does not answer.
 */
import type { Clock } from '@flotilla/base';

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

export interface EndpointChoice {
  /** New endpoints; clients of those that stay keep theirs. */
  update(endpoints: readonly Endpoint[], options: { readonly affinityMs: number | undefined }): void;
  /** All endpoints in the order to try them for this client. */
  order(client: string): readonly Endpoint[];
  /** The client was served by this endpoint. */
  chose(client: string, endpoint: Endpoint): void;
}

/** Clients that are remembered; the longest unseen are forgotten first. */
const maxClients = 10_000;

export function endpointKey({ address, port }: Endpoint): string {
  return `${address}:${port}`;
}

export function createEndpointChoice(clock: Clock): EndpointChoice {
  const clients = new Map<string, { readonly key: string; readonly seenMs: number }>();
  let endpoints: readonly Endpoint[] = [];
  let affinityMs: number | undefined;
  let turn = 0;

  const remembered = (client: string): Endpoint | undefined => {
    const entry = clients.get(client);
    if (affinityMs === undefined || !entry || clock.monotonicMs() - entry.seenMs > affinityMs) return undefined;
    return endpoints.find((endpoint) => endpointKey(endpoint) === entry.key);
  };

  return {
    update(next, options) {
      endpoints = next;
      affinityMs = options.affinityMs;
      if (affinityMs === undefined) clients.clear();
    },
    order(client) {
      if (endpoints.length === 0) return [];
      const start = turn++ % endpoints.length;
      const inTurn = [...endpoints.slice(start), ...endpoints.slice(0, start)];
      const first = remembered(client);
      return first ? [first, ...inTurn.filter((endpoint) => endpoint !== first)] : inTurn;
    },
    chose(client, endpoint) {
      if (affinityMs === undefined) return;
      clients.delete(client);
      clients.set(client, { key: endpointKey(endpoint), seenMs: clock.monotonicMs() });
      const [oldest] = clients.keys();
      if (clients.size > maxClients && oldest !== undefined) clients.delete(oldest);
    },
  };
}
