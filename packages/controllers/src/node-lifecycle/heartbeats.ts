/**
 * When each node was last heard of, on our own clock: a heartbeat is a *change* of its Lease or of its status, whatever the
 * times say that are written in them. A node begins with a full period of grace when a term begins. The last beat but one is
 * remembered too: a cache that lags behind what the server was asked shows it again, and that is no sign of life.
 */
import type { Lease, Node } from '@flotilla/api';
import type { Clock } from '@flotilla/base';

export const nodeLeaseNamespace = 'kube-node-lease';

export interface Heartbeats {
  /** Takes note of what is known now; @returns for how long nothing changed, milliseconds. */
  silenceMs(node: Node, lease: Lease | undefined): number;
  forget(name: string): void;
}

export function createHeartbeats(clock: Clock): Heartbeats {
  const heard = new Map<string, { readonly beat: string; readonly previous: string; readonly atMs: number }>();
  return {
    silenceMs(node, lease) {
      const beat = beatOf(node, lease);
      const nowMs = clock.monotonicMs();
      const known = heard.get(node.metadata.name);
      if (known && (beat === known.beat || beat === known.previous)) return nowMs - known.atMs;
      heard.set(node.metadata.name, { beat, previous: known?.beat ?? beat, atMs: nowMs });
      return 0;
    },
    forget: (name) => void heard.delete(name),
  };
}

/** The node's own word only: what this controller writes into the status must not look like a sign of life. */
function beatOf({ metadata, status }: Node, lease: Lease | undefined): string {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  return [metadata.uid, lease?.spec?.renewTime, ready?.lastHeartbeatTime].join(' ');
}
