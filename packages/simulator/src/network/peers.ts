/** The peer ports of the members: who listens where, and how one member's transport reaches another's. */
import type { KnownCluster, PeerReceiver } from '@flotilla/brain';
import type { NodeId } from '@flotilla/raft';
import type { Process } from '../world/process.ts';
import type { Network } from './network.ts';

export interface PeerEnd {
  /** Its name is that of its machine. */
  readonly process: Process;
  readonly receiver: PeerReceiver;
}

/** A member that asks who the others are gives up after this time. */
const askTimeoutMs = 1000;

export class PeerPorts {
  readonly network: Network;
  /** Peer URL → machine. */
  readonly #hosts = new Map<string, string>();
  readonly #ends = new Map<NodeId, PeerEnd>();
  /** Machines without power: their ports say nothing, not even that nobody listens. */
  readonly dark = new Set<string>();
  readonly #clusterId: bigint;

  constructor(network: Network, clusterId: bigint) {
    this.network = network;
    this.#clusterId = clusterId;
  }

  /** From now on a URL is one of this machine. */
  place(url: string, machine: string): void {
    this.#hosts.set(url, machine);
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

  /** The machine with a URL; empty for none. */
  host(urls: readonly string[]): string {
    return this.#hosts.get(urls[0] ?? '') ?? '';
  }

  /** Asks whoever listens at a URL who the members of its cluster are. */
  ask(process: Process, url: string): Promise<KnownCluster> {
    const there = this.host([url]);
    return new Promise((resolve, reject) => {
      const timeout = process.after(askTimeoutMs, () => reject(new Error('nobody answers')));
      const reply = (act: () => void): void =>
        this.network.throwAt(there, process.name, () =>
          process.take(() => {
            timeout.cancel();
            act();
          }),
        );
      this.network.throwAt(process.name, there, () => {
        const [from, end] = [...this.#ends].find(([, one]) => one.process.name === there) ?? [];
        if (from === undefined || !end) return reply(() => reject(new Error('nobody listens')));
        end.process.take(() => {
          const members = end.receiver.members();
          const isChanging = end.receiver.isChanging();
          reply(() => resolve({ from, clusterId: this.#clusterId, members, isChanging }));
        });
      });
    });
  }
}
