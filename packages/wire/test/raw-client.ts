/**
 * HTTP/2 by hand, for tests that say every byte: frames out of literals, and a connection to a server without a network between.
 * Reads only the header blocks that our server writes (literals and entries of the static table).
 */
import { Duplex } from 'node:stream';
import type { RpcServer } from '@flotilla/wire';

export const FrameType = {
  DATA: 0,
  HEADERS: 1,
  PRIORITY: 2,
  RST_STREAM: 3,
  SETTINGS: 4,
  PUSH_PROMISE: 5,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
};
export const Flag = { ACK: 1, END_STREAM: 1, END_HEADERS: 4, PADDED: 8 };
export const ErrorCode = {
  NO_ERROR: 0,
  PROTOCOL_ERROR: 1,
  FLOW_CONTROL_ERROR: 3,
  STREAM_CLOSED: 5,
  FRAME_SIZE_ERROR: 6,
  COMPRESSION_ERROR: 9,
  ENHANCE_YOUR_CALM: 11,
};

export const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
}

export function frame(type: number, flags: number, streamId: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const header = Buffer.alloc(9);
  header.writeUIntBE(payload.length, 0, 3);
  header.writeUInt8(type, 3);
  header.writeUInt8(flags, 4);
  header.writeUInt32BE(streamId, 5);
  return Buffer.concat([header, payload]);
}

export function words(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [i, value] of values.entries()) bytes.writeUInt32BE(value, 4 * i);
  return bytes;
}

export function settings(values: Readonly<Record<number, number>> = {}): Buffer {
  const pairs = Object.entries(values).map(([id, value]) => {
    const pair = Buffer.alloc(6);
    pair.writeUInt16BE(Number(id), 0);
    pair.writeUInt32BE(value, 2);
    return pair;
  });
  return frame(FrameType.SETTINGS, 0, 0, Buffer.concat(pairs));
}

export type Fields = Readonly<Record<string, string>>;

/** Literals that are not indexed. */
export function block(fields: Fields): Buffer {
  const text = (value: string): Buffer => {
    if (value.length < 127) return Buffer.concat([Buffer.of(value.length), Buffer.from(value, 'latin1')]);
    const rest = value.length - 127;
    return Buffer.concat([Buffer.of(127, (rest & 0x7f) | 0x80, rest >> 7), Buffer.from(value, 'latin1')]);
  };
  return Buffer.concat(Object.entries(fields).flatMap(([name, value]) => [Buffer.of(0), text(name), text(value)]));
}

export const putFields: Fields = {
  ':method': 'POST',
  ':scheme': 'http',
  ':path': '/etcdserverpb.KV/Put',
  ':authority': 'test',
  'content-type': 'application/grpc',
  te: 'trailers',
};

/** With gRPC's prefix. */
export function message(bytes: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(0), words(bytes.length), bytes]);
}

export function headers(streamId: number, fields: Fields = putFields, flags: number = Flag.END_HEADERS): Buffer {
  return frame(FrameType.HEADERS, flags, streamId, block(fields));
}

export function data(streamId: number, bytes: Uint8Array, flags: number = Flag.END_STREAM): Buffer {
  return frame(FrameType.DATA, flags, streamId, bytes);
}

export interface RawConnection {
  /** All that the server wrote. */
  readonly frames: readonly Frame[];
  /** Whether the server has ended the connection. */
  readonly ended: boolean;
  send(...bytes: readonly Uint8Array[]): void;
  /** Resolves when the condition holds; looks whenever the server writes. */
  until(condition: (connection: RawConnection) => boolean): Promise<void>;
  /** The frames of a stream. */
  of(streamId: number): readonly Frame[];
  close(): void;
}

/** @param stalled the server's writes are never taken. */
export function connectRaw(server: RpcServer, { stalled = false }: { readonly stalled?: boolean } = {}): RawConnection {
  const frames: Frame[] = [];
  const lookers = new Set<() => void>();
  let ended = false;
  let unread: Buffer = Buffer.alloc(0);
  const look = (): void => {
    for (const looker of lookers) looker();
  };
  const socket = new Duplex({
    read: () => undefined,
    write(chunk: Buffer, _encoding, callback) {
      if (stalled) return;
      unread = readFrames(Buffer.concat([unread, chunk]), frames);
      callback();
      look();
    },
    final(callback) {
      ended = true;
      callback();
      look();
    },
    destroy(_error, callback) {
      ended = true;
      callback(null);
      look();
    },
  });
  const connection: RawConnection = {
    frames,
    get ended() {
      return ended;
    },
    send(...bytes) {
      if (!socket.destroyed && !socket.readableEnded) socket.push(Buffer.concat(bytes));
    },
    until: (condition) =>
      new Promise((resolve) => {
        const looker = (): void => {
          if (!condition(connection)) return;
          lookers.delete(looker);
          resolve();
        };
        lookers.add(looker);
        looker();
      }),
    of: (streamId) => frames.filter((each) => each.streamId === streamId),
    close: () => socket.destroy(),
  };
  server.accept(socket);
  return connection;
}

function readFrames(bytes: Buffer, frames: Frame[]): Buffer {
  let rest = bytes;
  while (rest.length >= 9) {
    const length = rest.readUIntBE(0, 3);
    if (rest.length < 9 + length) break;
    const payload = rest.subarray(9, 9 + length);
    frames.push({ type: rest.readUInt8(3), flags: rest.readUInt8(4), streamId: rest.readUInt32BE(5), payload });
    rest = rest.subarray(9 + length);
  }
  return rest;
}

/** An answer, as far as it has come. */
export interface Answer {
  readonly fields: Fields;
  readonly body: Buffer;
  readonly ended: boolean;
  /** The code of RST_STREAM. */
  readonly reset: number | undefined;
}

export function answerOf(frames: readonly Frame[]): Answer {
  const ofType = (type: number): readonly Frame[] => frames.filter((each) => each.type === type);
  const fields = Object.assign({}, ...ofType(FrameType.HEADERS).map(({ payload }) => readBlock(payload))) as Fields;
  return {
    fields,
    body: Buffer.concat(ofType(FrameType.DATA).map(({ payload }) => payload)),
    ended: frames.some(({ type, flags }) => type <= FrameType.HEADERS && (flags & Flag.END_STREAM) !== 0),
    reset: ofType(FrameType.RST_STREAM)[0]?.payload.readUInt32BE(0),
  };
}

/** The code of the last GOAWAY. */
export function goAwayCode(frames: readonly Frame[]): number | undefined {
  return frames.findLast(({ type }) => type === FrameType.GOAWAY)?.payload.readUInt32BE(4);
}

const staticNames: Readonly<Record<number, string>> = { 8: ':status', 31: 'content-type' };
const statuses = ['200', '204', '206', '304', '400', '404', '500'];

function readBlock(payload: Buffer): Fields {
  const fields: Record<string, string> = {};
  let at = 0;
  const integer = (prefixBits: number): number => {
    const mask = (1 << prefixBits) - 1;
    let value = payload.readUInt8(at++) & mask;
    if (value < mask) return value;
    for (let shift = 0; ; shift += 7) {
      const byte = payload.readUInt8(at++);
      value += (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  const text = (): string => {
    const length = integer(7);
    at += length;
    return payload.toString('latin1', at - length, at);
  };
  while (at < payload.length) {
    const first = payload.readUInt8(at);
    if (first === 0x20) at++;
    else if (first >= 0x80) fields[':status'] = statuses[(payload[at++] ?? 0) - 0x88] ?? '';
    else {
      const index = integer(4);
      const name = index === 0 ? text() : (staticNames[index] ?? `entry ${index}`);
      fields[name] = text();
    }
  }
  return fields;
}
