/** The transport over gRPC: a link to each other member. The receiving side is mounted by whoever owns the peer port. */
import { type Clock, type Logger, type Randomness, createTaskGroup } from '@flotilla/base';
import type { Message, NodeId } from '@flotilla/raft';
import { createFrameEncoder } from './frame.ts';
import { type PeerAddress, PeerLink } from './peer-link.ts';
import type { PeerReceiver, PeerTransport } from './transport.ts';

export interface GrpcTransportOptions {
  readonly clusterId: bigint;
  readonly self: NodeId;
  readonly peers: readonly PeerAddress[];
  readonly receiver: PeerReceiver;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly logger: Logger;
  readonly onSent: (to: NodeId, bytes: number) => void;
  readonly onDropped: (to: NodeId) => void;
}

export function startGrpcTransport(options: GrpcTransportOptions): PeerTransport {
  const { peers, receiver } = options;
  const tasks = createTaskGroup();
  const links = new Map<NodeId, PeerLink>();
  for (const peer of peers) {
    const link = new PeerLink({ ...options, peer, onSent: (bytes) => options.onSent(peer.id, bytes) });
    links.set(peer.id, link);
    tasks.run(`link to ${peer.id.toString(16)}`, (signal) => link.run(signal));
  }
  const linkTo = (to: NodeId): PeerLink => {
    const link = links.get(to);
    if (!link) throw new Error(`no member ${to.toString(16)}`);
    return link;
  };

  return {
    send(messages) {
      const encode = createFrameEncoder();
      for (const [to, list] of byReceiver(messages)) {
        const link = links.get(to);
        if (link?.connected === true && link.send(encode(list))) continue;
        options.onDropped(to);
        receiver.unreachable(to);
      }
    },
    sendSnapshot: (transfer, signal) => linkTo(transfer.message.to).sendSnapshot(transfer, signal),
    ask: (to, question, signal) => linkTo(to).ask(question, signal),
    connected: (to) => links.get(to)?.connected ?? false,
    close: () => tasks.close(),
  };
}

function byReceiver(messages: readonly Message[]): Map<NodeId, Message[]> {
  const lists = new Map<NodeId, Message[]>();
  for (const message of messages) {
    const list = lists.get(message.to);
    if (list) list.push(message);
    else lists.set(message.to, [message]);
  }
  return lists;
}
