/** The peer ports of the members: who listens where, and how one member's transport reaches another's. */
import type { NodeId } from '@flotilla/raft';
import type { PeerReceiver } from '@flotilla/brain';
import type { Process } from '../world/process.ts';
import type { Network } from './network.ts';

export interface PeerEnd {
  readonly process: Process;
  readonly receiver: PeerReceiver;
}

export class PeerPorts {
  readonly network: Network;
  readonly #hosts: ReadonlyMap<NodeId, string>;
  readonly #ends = new Map<NodeId, PeerEnd>();
  /** Machines without power: their ports say nothing, not even that nobody listens. */
  readonly dark = new Set<NodeId>();

  constructor(network: Network, hosts: ReadonlyMap<NodeId, string>) {
    this.network = network;
    this.#hosts = hosts;
  }

  listen(id: NodeId, end: PeerEnd): void {
    this.#ends.set(id, end);
    end.process.onDeath(() => {
      if (this.#ends.get(id) === end) this.#ends.delete(id);
    });
  }

  end(id: NodeId): PeerEnd | undefined {
    return this.#ends.get(id);
  }

  host(id: NodeId): string {
    return this.#hosts.get(id) as string;
  }
}
