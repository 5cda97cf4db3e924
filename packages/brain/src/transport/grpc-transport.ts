/** The transport over gRPC: a link to each other member. The receiving side is mounted by whoever owns the peer port. */
import { type Clock, type Logger, type Randomness, createTaskGroup } from '@flotilla/base';
import type { Message, NodeId } from '@flotilla/raft';
import { addressOf } from '../cluster/urls.ts';
import type { CallerTls } from '../tls/caller-tls.ts';
import { createFrameEncoder } from './frame.ts';
import { type Disconnection, type PeerAddress, PeerLink } from './peer-link.ts';
import { measureRoundTrips } from './round-trips.ts';
import type { Peer, PeerReceiver, PeerTransport } from './transport.ts';

export interface GrpcTransportOptions {
  readonly clusterId: bigint;
  readonly self: NodeId;
  readonly receiver: PeerReceiver;
  /** For members whose URL is https. */
  readonly tls?: CallerTls | undefined;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly logger: Logger;
  readonly onSent: (to: NodeId, bytes: number) => void;
  readonly onDropped: (to: NodeId) => void;
  /** Told how long a question and its answer took. */
  readonly onRoundTrip: (to: NodeId, seconds: number) => void;
  readonly onConnected: (to: NodeId) => void;
  readonly onDisconnected: (to: NodeId, how: Disconnection) => void;
}

export function startGrpcTransport(options: GrpcTransportOptions): PeerTransport {
  const { receiver } = options;
  const tasks = createTaskGroup();
  const links = new Map<NodeId, OpenLink>();
  const open = (peer: PeerAddress): void => {
    const link = new PeerLink({
      ...options,
      peer,
      onSent: (bytes) => options.onSent(peer.id, bytes),
      onConnected: () => options.onConnected(peer.id),
      onDisconnected: (how) => options.onDisconnected(peer.id, how),
    });
    const end = new AbortController();
    links.set(peer.id, { link, peer, end });
    tasks.run(`link to ${peer.id.toString(16)}`, (signal) => link.run(AbortSignal.any([signal, end.signal])));
  };
  const close = (id: NodeId): void => {
    links.get(id)?.end.abort();
    links.delete(id);
  };
  const linkTo = (to: NodeId): PeerLink => {
    const open = links.get(to);
    if (!open) throw new Error(`no member ${to.toString(16)}`);
    return open.link;
  };

  tasks.run('round trips', (signal) => {
    measureRoundTrips({
      clock: options.clock,
      signal,
      connected: () => [...links].filter(([, { link }]) => link.connected).map(([id]) => id),
      ping: (to, onAnswer) => linkTo(to).ping(onAnswer),
      onRoundTrip: options.onRoundTrip,
    });
    return Promise.resolve();
  });

  return {
    setPeers(peers) {
      const wanted = new Map(peers.map((peer) => [peer.id, addressOfPeer(peer)] as const));
      for (const [id, { peer }] of links) {
        const address = wanted.get(id);
        if (address?.host !== peer.host || address.port !== peer.port || address.tls !== peer.tls) close(id);
      }
      for (const [id, address] of wanted) if (!links.has(id)) open(address);
    },
    send(messages) {
      const encode = createFrameEncoder();
      for (const [to, list] of byReceiver(messages)) {
        const link = links.get(to)?.link;
        if (link?.connected === true && link.send(encode(list))) continue;
        options.onDropped(to);
        receiver.unreachable(to);
      }
    },
    sendSnapshot: (transfer, signal) => linkTo(transfer.message.to).sendSnapshot(transfer, signal),
    ask: (to, question, signal) => linkTo(to).ask(question, signal),
    connected: (to) => links.get(to)?.link.connected ?? false,
    close: () => tasks.close(),
  };
}

interface OpenLink {
  readonly link: PeerLink;
  readonly peer: PeerAddress;
  readonly end: AbortController;
}

/** The first of its URLs. */
function addressOfPeer({ id, peerUrls }: Peer): PeerAddress {
  return { id, ...addressOf(peerUrls[0] ?? '') };
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
