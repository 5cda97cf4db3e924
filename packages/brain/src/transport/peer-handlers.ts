/** The receiving side of `flotilla.v1.Peer`. */
import type { NodeId } from '@flotilla/raft';
import { type CallContext, type Handlers, RpcError, StatusCode, pushed } from '@flotilla/wire';
import { decodeFrame, encodeValue } from './frame.ts';
import { type Hello, peerService, readHello, removedText } from './peer-service.ts';
import type { PeerReceiver } from './transport.ts';

export interface PeerHandlersOptions {
  readonly clusterId: bigint;
  readonly self: NodeId;
  readonly receiver: PeerReceiver;
  /** Told the bytes of each frame. */
  readonly onReceived: (from: NodeId, bytes: number) => void;
}

const empty = new Uint8Array(0);

export function peerHandlers(options: PeerHandlersOptions): Handlers<typeof peerService> {
  const { receiver, onReceived } = options;
  return {
    Exchange: pushed(async (requests, sink, context) => {
      const hello = greet(options, context);
      const reason = receiver.admit(hello.from, hello.lastIndex);
      if (reason !== undefined) throw new RpcError(StatusCode.DATA_LOSS, reason);
      sink.write(encodeValue({ lastIndex: receiver.lastSyncedIndex() }));
      const route = { from: hello.from, to: hello.to };
      await requests.forEach((frame) => {
        onReceived(hello.from, frame.length);
        receiver.receive(decode(frame, route));
      });
      sink.end();
    }),
    async *Snapshot(requests, context) {
      const hello = greet(options, context);
      const frames = requests[Symbol.asyncIterator]();
      const first = await frames.next();
      const [message] = first.done === true ? [] : decode(first.value, { from: hello.from, to: hello.to });
      if (message?.type !== 'snapshot') throw new RpcError(StatusCode.INVALID_ARGUMENT, 'expected a snapshot message');
      await receiver.receiveSnapshot({ message, chunks: { [Symbol.asyncIterator]: () => frames } });
      yield empty;
    },
    /** Who was removed may ask whether it was. */
    Ask(question, context) {
      return receiver.answer(identify(options, context).from, question);
    },
    Members() {
      const list = receiver.members().map((member) => ({ ...member, id: member.id.toString(16) }));
      const [from, clusterId] = [options.self, options.clusterId].map((id) => id.toString(16));
      return encodeValue({ from, clusterId, members: list, isChanging: receiver.isChanging() });
    },
  };
}

function greet(options: PeerHandlersOptions, context: CallContext): Hello {
  const hello = identify(options, context);
  if (options.receiver.standing({ id: hello.from, peerUrls: hello.peerUrls }) === 'removed') {
    throw new RpcError(StatusCode.PERMISSION_DENIED, removedText(hello.from));
  }
  return hello;
}

function identify({ clusterId, self }: PeerHandlersOptions, context: CallContext): Hello {
  const hello = readHello(context);
  if (typeof hello === 'string') throw new RpcError(StatusCode.FAILED_PRECONDITION, hello);
  if (hello.clusterId !== clusterId) {
    const text = `cluster ID mismatch: this member is of cluster ${clusterId.toString(16)}, the peer of ${hello.clusterId.toString(16)}`;
    throw new RpcError(StatusCode.FAILED_PRECONDITION, text);
  }
  if (hello.to !== self || hello.from === self) {
    const text = `member ${hello.from.toString(16)} expects member ${hello.to.toString(16)} here, this is ${self.toString(16)}`;
    throw new RpcError(StatusCode.FAILED_PRECONDITION, text);
  }
  return hello;
}

function decode(
  frame: Uint8Array,
  route: { readonly from: NodeId; readonly to: NodeId },
): ReturnType<typeof decodeFrame> {
  try {
    return decodeFrame(frame, route);
  } catch (error) {
    throw new RpcError(StatusCode.INVALID_ARGUMENT, 'a frame that is not of this protocol', { cause: error });
  }
}
