/**
 * `flotilla.v1.Peer`: what members say to each other, as a service table like any other. Messages are frames of bytes
 * (`frame.ts`); cluster, sender, receiver and version stand in the call's metadata and are checked before a frame is read.
 */
import { urlProblem } from '../cluster/urls.ts';
import type { BidiMethod, CallContext, Codec, UnaryMethod } from '@flotilla/wire';

type Bytes = Codec<Uint8Array, Uint8Array>;
const bytes: Bytes = { encode: (message) => message, decode: (message) => message };

type BytesBidi = BidiMethod<Uint8Array, Uint8Array, Uint8Array, Uint8Array>;
type BytesUnary = UnaryMethod<Uint8Array, Uint8Array, Uint8Array, Uint8Array>;

const exchange: BytesBidi = { kind: 'bidi', path: '/flotilla.v1.Peer/Exchange', request: bytes, response: bytes };
const snapshot: BytesBidi = { kind: 'bidi', path: '/flotilla.v1.Peer/Snapshot', request: bytes, response: bytes };
const members: BytesUnary = { kind: 'unary', path: '/flotilla.v1.Peer/Members', request: bytes, response: bytes };
const ask: BytesUnary = { kind: 'unary', path: '/flotilla.v1.Peer/Ask', request: bytes, response: bytes };

export const peerService = {
  /**
   * Frames of raft messages from the caller; one value back says that the caller is welcome, and how far the
   * other's own log goes.
   */
  Exchange: exchange,
  /** The snapshot message, then the state in chunks; one empty frame back when it was taken. */
  Snapshot: snapshot,
  /** A question that another member can answer, most of them only the leader. */
  Ask: ask,
  /** Cluster and members, for one that has no id yet because it is about to join them. */
  Members: members,
} as const;

/** Who calls whom. */
export interface Hello {
  readonly clusterId: bigint;
  readonly from: bigint;
  readonly to: bigint;
  /** The last entry that the caller has synced. */
  readonly lastIndex: number;
  /** Where the caller can be reached. */
  readonly peerUrls: readonly string[];
}

const protocolVersion = '1';

export function helloMetadata(hello: Hello): Readonly<Record<string, string>> {
  return {
    'flotilla-protocol': protocolVersion,
    'flotilla-cluster': hello.clusterId.toString(16),
    'flotilla-from': hello.from.toString(16),
    'flotilla-to': hello.to.toString(16),
    'flotilla-last-index': String(hello.lastIndex),
    'flotilla-peer-urls': hello.peerUrls.join(','),
  };
}

/** What a member that was removed is refused with. It acts on these very words, and on no other refusal. */
export function removedText(id: bigint): string {
  return `the member ${id.toString(16)} has been permanently removed from the cluster`;
}

/** The caller's hello, or what is wrong with it. */
export function readHello(context: CallContext): Hello | string {
  const version = context.metadata('flotilla-protocol');
  if (version !== protocolVersion)
    return `the peer speaks protocol version ${version ?? 'none'}, not ${protocolVersion}`;
  const ids = ['flotilla-cluster', 'flotilla-from', 'flotilla-to'].map((key) => {
    const text = context.metadata(key) ?? '';
    return /^[0-9a-f]{1,16}$/.test(text) ? BigInt(`0x${text}`) : undefined;
  });
  const [clusterId, from, to] = ids;
  const lastIndex = Number(context.metadata('flotilla-last-index'));
  if (clusterId === undefined || from === undefined || to === undefined || !Number.isSafeInteger(lastIndex)) {
    return 'the peer does not say who it is';
  }
  const peerUrls = (context.metadata('flotilla-peer-urls') ?? '').split(',');
  if (peerUrls.some((url) => urlProblem(url) !== undefined)) return 'the peer does not say where it can be reached';
  return { clusterId, from, to, lastIndex, peerUrls };
}
