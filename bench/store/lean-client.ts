/**
 * A gRPC client that costs next to nothing: HTTP/2 frames by hand on a raw socket, for the loads that h2load cannot make
 * (a new key each request, streams, a mix) and for what must be taken at a high rate. Complete only towards the two servers
 * that it measures, and strict: whatever it does not expect ends the connection with an error, and each call with it.
 *
 * What is sent within a turn of the event loop leaves as one write.
 */
import { once } from 'node:events';
import net from 'node:net';
import { RequestHeaders, StatusReader } from './hpack.ts';

const frame = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, goAway: 7, windowUpdate: 8 } as const;
const flag = { endStream: 1, ack: 1, endHeaders: 4, padded: 8 } as const;
const initialWindowSetting = 4;
const defaultWindow = 65_535;
const ownWindow = 2 ** 31 - 1;
/** What was received is given back to the peer's window in pieces of this size. */
const windowPiece = 2 ** 28;
const maxFrameBytes = 16_384;
const headBytes = 9;
const grpcHeadBytes = 5;
const firstOutputBytes = 65_536;

export interface StreamEvents {
  /** @param message valid only during the call */
  readonly message: (message: Buffer) => void;
  /** @param ok whether the status was 0 */
  readonly end: (ok: boolean) => void;
}

interface Stream {
  readonly events: StreamEvents;
  sendWindow: number;
  unsent: Buffer[];
  unsentEnd: boolean;
  receivedBytes: number;
  /** The beginning of a message, as it came. */
  partial: Buffer[];
  partialBytes: number;
}

export interface LeanConnection {
  /** Opens a stream with its first message. @param end whether that is all that it will send */
  open(path: string, request: Buffer, events: StreamEvents, end: boolean): number;
  send(stream: number, request: Buffer): void;
  /** Resets the stream: no more events. */
  cancel(stream: number): void;
  close(): void;
}

/** @param endpoint `host:port` */
export async function connectLean(endpoint: string): Promise<LeanConnection> {
  const [host = '', port = ''] = endpoint.split(':');
  const socket = net.connect({ host, port: Number(port), noDelay: true });
  try {
    await once(socket, 'connect');
  } catch (error) {
    socket.destroy();
    throw error;
  }
  return new Connection(socket, endpoint);
}

/** One call. @returns the answer's message, a copy */
export async function callLean(connection: LeanConnection, path: string, request: Buffer): Promise<Buffer> {
  const { promise, resolve, reject } = deferred<Buffer>();
  let answer: Buffer | undefined;
  const end = (ok: boolean): void => {
    if (ok && answer) resolve(answer);
    else reject(new Error(`${path} was not answered with a message and status 0`));
  };
  connection.open(path, request, { message: (message) => (answer = Buffer.from(message)), end }, true);
  return promise;
}

export function deferred<T>(): {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
} {
  let resolve: (value: T) => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<T>((fulfil, refuse) => {
    resolve = fulfil;
    reject = refuse;
  });
  return { promise, resolve, reject };
}

class Connection implements LeanConnection {
  readonly #socket: net.Socket;
  readonly #headers: RequestHeaders;
  readonly #status = new StatusReader();
  readonly #streams = new Map<number, Stream>();
  #nextStream = 1;
  #sendWindow = defaultWindow;
  #streamWindow = defaultWindow;
  #receivedBytes = 0;
  #rest: Buffer = Buffer.alloc(0);
  #output: Buffer = Buffer.allocUnsafe(firstOutputBytes);
  #outputBytes = 0;
  #closed = false;

  constructor(socket: net.Socket, authority: string) {
    this.#socket = socket;
    this.#headers = new RequestHeaders(authority);
    socket.on('data', (chunk) => this.#onData(chunk));
    socket.on('error', () => this.#end());
    socket.on('close', () => this.#end());
    const settings = Buffer.alloc(6);
    settings.writeUInt16BE(initialWindowSetting);
    settings.writeUInt32BE(ownWindow, 2);
    socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    this.#writeFrame({ type: frame.settings, flags: 0, stream: 0 }, settings);
    this.#giveBack(0, ownWindow - defaultWindow);
  }

  open(path: string, request: Buffer, events: StreamEvents, end: boolean): number {
    const id = this.#nextStream;
    this.#nextStream += 2;
    const stream: Stream = {
      events,
      sendWindow: this.#streamWindow,
      unsent: [],
      unsentEnd: end,
      receivedBytes: 0,
      partial: [],
      partialBytes: 0,
    };
    this.#streams.set(id, stream);
    if (this.#closed) setImmediate(() => this.#finish(id, false));
    this.#writeFrame({ type: frame.headers, flags: flag.endHeaders, stream: id }, this.#headers.blockOf(path));
    stream.unsent.push(request);
    this.#pump(id, stream);
    return id;
  }

  send(id: number, request: Buffer): void {
    const stream = this.#streams.get(id);
    if (!stream) return;
    stream.unsent.push(request);
    this.#pump(id, stream);
  }

  cancel(id: number): void {
    if (!this.#streams.delete(id)) return;
    const code = Buffer.alloc(4);
    code.writeUInt32BE(8);
    this.#writeFrame({ type: frame.reset, flags: 0, stream: id }, code);
  }

  close(): void {
    this.#socket.destroy();
    this.#end();
  }

  #end(): void {
    this.#closed = true;
    // Those that are opened meanwhile end by themselves.
    const open = Array.from(this.#streams.keys());
    for (const id of open) this.#finish(id, false);
  }

  #finish(id: number, ok: boolean): void {
    const stream = this.#streams.get(id);
    this.#streams.delete(id);
    stream?.events.end(ok);
  }

  /** Sends as much as the peer's windows allow. */
  #pump(id: number, stream: Stream): void {
    for (let next = stream.unsent[0]; next; next = stream.unsent[0]) {
      const room = Math.min(this.#sendWindow, stream.sendWindow, maxFrameBytes);
      if (room <= 0) return;
      const part = next.length <= room ? next : next.subarray(0, room);
      if (part === next) stream.unsent.shift();
      else stream.unsent[0] = next.subarray(room);
      this.#sendWindow -= part.length;
      stream.sendWindow -= part.length;
      const isLast = stream.unsentEnd && stream.unsent.length === 0;
      this.#writeFrame({ type: frame.data, flags: isLast ? flag.endStream : 0, stream: id }, part);
    }
  }

  #pumpAll(): void {
    for (const [id, stream] of this.#streams) if (stream.unsent.length > 0) this.#pump(id, stream);
  }

  #writeFrame({ type, flags, stream }: { type: number; flags: number; stream: number }, payload: Buffer): void {
    this.#makeRoom(headBytes + payload.length);
    const at = this.#outputBytes;
    this.#output.writeUIntBE(payload.length, at, 3);
    this.#output[at + 3] = type;
    this.#output[at + 4] = flags;
    this.#output.writeUInt32BE(stream, at + 5);
    payload.copy(this.#output, at + headBytes);
    this.#outputBytes += headBytes + payload.length;
  }

  /** For bytes that are written at once: they leave at the end of the turn. */
  #makeRoom(bytes: number): void {
    if (this.#outputBytes === 0) setImmediate(() => this.#flush());
    if (this.#output.length - this.#outputBytes >= bytes) return;
    const larger = Buffer.allocUnsafe(2 * (this.#outputBytes + bytes));
    this.#output.copy(larger, 0, 0, this.#outputBytes);
    this.#output = larger;
  }

  #flush(): void {
    const bytes = this.#output.subarray(0, this.#outputBytes);
    // The socket may keep these for later.
    this.#output = Buffer.allocUnsafe(firstOutputBytes);
    this.#outputBytes = 0;
    if (!this.#socket.destroyed) this.#socket.write(bytes);
  }

  #giveBack(stream: number, bytes: number): void {
    const increment = Buffer.alloc(4);
    increment.writeUInt32BE(bytes);
    this.#writeFrame({ type: frame.windowUpdate, flags: 0, stream }, increment);
  }

  #onData(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (bytes.length - at >= headBytes) {
      const length = bytes.readUIntBE(at, 3);
      const end = at + headBytes + length;
      if (end > bytes.length) break;
      this.#onFrame(bytes, at, end);
      at = end;
    }
    this.#rest = bytes.subarray(at);
  }

  /** @param bytes holds the frame at `[at, end)` */
  #onFrame(bytes: Buffer, at: number, end: number): void {
    const flags = bytes[at + 4] ?? 0;
    const stream = bytes.readUInt32BE(at + 5);
    const start = at + headBytes;
    switch (bytes[at + 3]) {
      case frame.data:
        this.#onMessageBytes(stream, bytes, start, end);
        if (flags & flag.endStream) this.#finish(stream, false);
        return;
      case frame.headers:
        return this.#onHeaders(stream, flags, bytes.subarray(start, end));
      case frame.reset:
        return this.#finish(stream, false);
      case frame.settings:
        return this.#onSettings(flags, bytes.subarray(start, end));
      case frame.ping:
        if (!(flags & flag.ack))
          this.#writeFrame({ type: frame.ping, flags: flag.ack, stream: 0 }, Buffer.from(bytes.subarray(start, end)));
        return;
      case frame.windowUpdate:
        return this.#onWindow(stream, bytes.readUInt32BE(start));
      default:
        // GOAWAY, or a block of headers in pieces: neither belongs to a measurement.
        return this.close();
    }
  }

  #onHeaders(id: number, flags: number, block: Buffer): void {
    if (!(flags & flag.endHeaders) || flags & flag.padded) return this.close();
    const ok = this.#status.read(block);
    if (flags & flag.endStream) this.#finish(id, ok === true);
  }

  #onSettings(flags: number, settings: Buffer): void {
    if (flags & flag.ack) return;
    for (let at = 0; at < settings.length; at += 6) {
      if (settings.readUInt16BE(at) !== initialWindowSetting) continue;
      const window = settings.readUInt32BE(at + 2);
      for (const stream of this.#streams.values()) stream.sendWindow += window - this.#streamWindow;
      this.#streamWindow = window;
    }
    this.#writeFrame({ type: frame.settings, flags: flag.ack, stream: 0 }, Buffer.alloc(0));
    this.#pumpAll();
  }

  #onWindow(id: number, increment: number): void {
    const stream = this.#streams.get(id);
    if (id === 0) this.#sendWindow += increment;
    else if (stream) stream.sendWindow += increment;
    this.#pumpAll();
  }

  #onMessageBytes(id: number, bytes: Buffer, start: number, end: number): void {
    this.#receivedBytes += end - start;
    if (this.#receivedBytes >= windowPiece) {
      this.#giveBack(0, this.#receivedBytes);
      this.#receivedBytes = 0;
    }
    const stream = this.#streams.get(id);
    if (!stream) return;
    stream.receivedBytes += end - start;
    if (stream.receivedBytes >= windowPiece) {
      this.#giveBack(id, stream.receivedBytes);
      stream.receivedBytes = 0;
    }
    if (stream.partialBytes === 0) return this.#takeMessages(stream, bytes, { start, end });
    // What was received goes into the next buffer.
    stream.partial.push(Buffer.from(bytes.subarray(start, end)));
    stream.partialBytes += end - start;
    if (stream.partialBytes < partialNeeds(stream)) return;
    const whole = Buffer.concat(stream.partial);
    stream.partial = [];
    stream.partialBytes = 0;
    this.#takeMessages(stream, whole, { start: 0, end: whole.length });
  }

  #takeMessages(stream: Stream, bytes: Buffer, { start, end }: { start: number; end: number }): void {
    let at = start;
    while (end - at >= grpcHeadBytes) {
      const next = at + grpcHeadBytes + bytes.readUInt32BE(at + 1);
      if (next > end) break;
      stream.events.message(bytes.subarray(at + grpcHeadBytes, next));
      at = next;
    }
    if (at === end) return;
    stream.partial.push(Buffer.from(bytes.subarray(at, end)));
    stream.partialBytes = end - at;
  }
}

/** Bytes from which on more is known of a message that has begun. */
function partialNeeds({ partial, partialBytes }: Stream): number {
  const [first] = partial;
  if (first && first.length >= grpcHeadBytes) return grpcHeadBytes + first.readUInt32BE(1);
  return Math.min(partialBytes, grpcHeadBytes);
}
