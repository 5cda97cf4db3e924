/** The other members as metrics, under etcd's names and labels: who is known, who can be reached, how often one could no more. */
import { Gauge, type Registry } from '@flotilla/base/metrics';
import type { MembershipView } from '@flotilla/store';
import { idText } from './log/refusal.ts';
import { TalliedCounter } from './tallied-counter.ts';
import type { Disconnection } from './transport/peer-link.ts';

type Pair = 'Local' | 'Remote';

const labelNames: readonly Pair[] = ['Local', 'Remote'];

/** Told of connections as they come and go; a member whose connection is gone stays listed, as 0. */
export class PeerConnections {
  readonly #active: Gauge<Pair>;
  readonly #disconnected: TalliedCounter<Pair>;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#active = new Gauge({
      name: 'etcd_network_active_peers',
      help: 'Whether messages to a peer can leave: 1 while there is a connection, 0 once there is none any more.',
      labelNames: [...labelNames],
      registers,
    });
    this.#disconnected = new TalliedCounter({
      name: 'etcd_network_disconnected_peers_total',
      help: 'Connections to a peer that were lost.',
      labelNames,
      registers,
    });
  }

  begun(self: bigint, peer: bigint): void {
    this.#active.set(labels(self, peer), 1);
  }

  /** @param how `closed` by this member itself is not counted. */
  ended(self: bigint, peer: bigint, how: Disconnection): void {
    this.#active.set(labels(self, peer), 0);
    if (how === 'lost') this.#disconnected.tally(labels(self, peer)).add(1);
  }
}

/** All members are known, this one too; a removed one is 0. Read when somebody asks. */
export function addKnownPeers(registry: Registry, self: bigint, read: () => MembershipView): void {
  const known: Gauge<Pair> = new Gauge({
    name: 'etcd_network_known_peers',
    help: 'Whether a peer is a member: 1 while it is, 0 once it was removed.',
    labelNames: [...labelNames],
    registers: [registry],
    collect() {
      known.reset();
      const { members, removed } = read();
      for (const id of members.keys()) known.set(labels(self, id), 1);
      for (const id of removed) known.set(labels(self, id), 0);
    },
  });
}

function labels(self: bigint, peer: bigint): Record<Pair, string> {
  return { Local: idText(self), Remote: idText(peer) };
}
