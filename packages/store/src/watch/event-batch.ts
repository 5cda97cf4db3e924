/**
 * A run of events on its way to all watchers that get the same. What their responses share is encoded once: the
 * header, and the events. A watcher adds only its id; those with id 0, which is not on the wire, share the whole.
 */
import { Encoded, type EncodedRun, etcdserverpb, fromUnsignedId } from '@flotilla/wire';

/** The live part of a response header; the revision is the batch's. */
export interface WatchHeader {
  readonly clusterId: bigint;
  readonly memberId: bigint;
  readonly raftTerm: number;
}

/** An encoded `events` field of a response. */
export interface FramedEvent {
  readonly revision: number;
  readonly bytes: Uint8Array;
}

export class EventBatch {
  /** At least one; whole revisions, rising. */
  readonly events: readonly FramedEvent[];
  /** What the header of the responses says. */
  readonly headerRevision: number;
  #head: { readonly raftTerm: number; readonly bytes: Uint8Array } | undefined;
  #tail: Uint8Array | undefined;
  #whole: Encoded | undefined;

  constructor(events: readonly FramedEvent[], headerRevision: number) {
    this.events = events;
    this.headerRevision = headerRevision;
  }

  get firstRevision(): number {
    return this.events[0]?.revision ?? Infinity;
  }

  /** The part of it from a revision on; undefined when nothing is left. */
  from(revision: number): EventBatch | undefined {
    if (revision <= this.firstRevision) return this;
    const rest = this.events.filter((event) => event.revision >= revision);
    return rest.length > 0 ? new EventBatch(rest, this.headerRevision) : undefined;
  }

  /**
   * All events as one response. Callers of one batch are of one member, whose ids never change.
   * @param fields what stands between the header and the events, encoded
   */
  response(header: WatchHeader, fields: Uint8Array): Encoded {
    const { head, tail } = this.#frameOf(header);
    if (fields.length > 0) return withFields(head, fields, tail);
    return (this.#whole ??= new Encoded(Buffer.concat([head, tail])));
  }

  /** As many responses, each of all events. @param fields of each response, as in {@link response} */
  responses(header: WatchHeader, fields: readonly Uint8Array[]): EncodedRun {
    return { ...this.#frameOf(header), middles: fields };
  }

  /** What all responses begin and end with. */
  #frameOf(header: WatchHeader): { readonly head: Uint8Array; readonly tail: Uint8Array } {
    if (this.#head?.raftTerm !== header.raftTerm) {
      this.#head = { raftTerm: header.raftTerm, bytes: encodeHead(header, this.headerRevision) };
      this.#whole = undefined;
    }
    this.#tail ??= concatenated(this.events);
    return { head: this.#head.bytes, tail: this.#tail };
  }
}

/** A response's header as the wire's object. */
export function headerMessage(
  { clusterId, memberId, raftTerm }: WatchHeader,
  revision: number,
): etcdserverpb.ResponseHeader.$Properties {
  return {
    cluster_id: fromUnsignedId(clusterId),
    member_id: fromUnsignedId(memberId),
    revision,
    raft_term: raftTerm,
  };
}

function encodeHead(header: WatchHeader, revision: number): Uint8Array {
  return etcdserverpb.WatchResponse.encode({ header: headerMessage(header, revision) }).finish();
}

function concatenated(events: readonly FramedEvent[]): Uint8Array {
  const [first] = events;
  return events.length === 1 && first ? first.bytes : Buffer.concat(events.map(({ bytes }) => bytes));
}

function withFields(head: Uint8Array, fields: Uint8Array, tail: Uint8Array): Encoded {
  const bytes = Buffer.allocUnsafe(head.length + fields.length + tail.length);
  bytes.set(head, 0);
  bytes.set(fields, head.length);
  bytes.set(tail, head.length + fields.length);
  return new Encoded(bytes);
}
