/**
 * The gateway over websockets, as etcd's proxy makes one of any of its paths: each message of the client is one request, each
 * response one message, and the websocket ends with the call. A token comes in the subprotocol (`Bearer, TOKEN`, for browsers can
 * send no header) or in the cookie `token`.
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type RawData, WebSocket, WebSocketServer } from 'ws';
import type { Exchange, Reply } from './exchange.ts';

/** A client that has not read so much is waited for. */
const maxWaitingBytes = 64 * 1024;
/** So many requests may wait for a handler before no more are read. */
const maxWaitingRequests = 16;
/** A client that does not answer the end of the websocket is cut off after this time. */
const closeTimeoutMs = 1000;

export interface WebSocketsOptions {
  /** Longest message of a client, bytes of JSON. */
  readonly maxTextBytes: number;
  /** Answers a call. */
  readonly answer: (exchange: Exchange) => void;
}

/** Takes a request that asks for a websocket. */
export type WebSockets = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

export function createWebSockets({ maxTextBytes, answer }: WebSocketsOptions): WebSockets {
  let server: WebSocketServer | undefined;
  return (request, socket, head) => {
    // Made when it is first needed, for most members never see a websocket.
    server ??= new WebSocketServer({
      noServer: true,
      clientTracking: false,
      maxPayload: maxTextBytes,
      // A page that sends a token needs to see that its way of sending it was understood.
      handleProtocols: (protocols) => (protocols.has('Bearer') ? 'Bearer' : false),
    });
    server.handleUpgrade(request, socket, head, (webSocket) => answer(new WebSocketExchange(webSocket, request)));
  };
}

export function asksForWebSocket({ method, headers }: IncomingMessage): boolean {
  return method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket';
}

class WebSocketExchange implements Exchange {
  readonly url: string;
  /** Whatever asks for a websocket, the call is one of the gateway's. */
  readonly method = 'POST';
  readonly peer: string;
  readonly signal: AbortSignal;
  readonly body: AsyncIterable<string>;
  readonly reply: Reply;
  readonly #authorization: string | undefined;

  constructor(webSocket: WebSocket, request: IncomingMessage) {
    const { remoteAddress = '', remotePort = 0 } = request.socket;
    this.url = request.url ?? '';
    this.peer = `${remoteAddress}:${remotePort}`;
    this.#authorization = authorizationOf(request);
    this.body = messagesOf(webSocket);
    this.reply = new WebSocketReply(webSocket);
    const closed = new AbortController();
    webSocket.once('close', () => closed.abort());
    // What the client broke ends the websocket, and the call with it.
    webSocket.on('error', () => webSocket.terminate());
    this.signal = closed.signal;
  }

  header(name: string): string | undefined {
    return name === 'authorization' ? this.#authorization : undefined;
  }
}

function authorizationOf({ headers }: IncomingMessage): string | undefined {
  const cookie = /(?:^|;\s*)token=([^;]*)/.exec(headers.cookie ?? '')?.[1];
  if (cookie !== undefined) return `Bearer ${cookie}`;
  const token = /Bearer,(.*)$/.exec(headers['sec-websocket-protocol'] ?? '')?.[1]?.trim();
  return token === undefined ? undefined : `Bearer ${token}`;
}

/** The client's messages, to be read once; a client that sends more than are handled is held up. */
function messagesOf(webSocket: WebSocket): AsyncIterable<string> {
  const waiting: string[] = [];
  let wake = (): void => undefined;
  webSocket.on('message', (data: RawData) => {
    waiting.push(`${textOf(data)}\n`);
    if (waiting.length >= maxWaitingRequests) webSocket.pause();
    wake();
  });
  webSocket.once('close', () => wake());
  return {
    async *[Symbol.asyncIterator]() {
      for (;;) {
        const text = waiting.shift();
        if (text !== undefined) {
          webSocket.resume();
          yield text;
        } else if (webSocket.readyState === WebSocket.CLOSED) {
          return;
        } else {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      }
    },
  };
}

function textOf(data: RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString();
  return Buffer.isBuffer(data) ? data.toString() : Buffer.from(data).toString();
}

class WebSocketReply implements Reply {
  begun = false;
  readonly #webSocket: WebSocket;
  #waiters: (() => void)[] = [];

  constructor(webSocket: WebSocket) {
    this.#webSocket = webSocket;
    webSocket.once('close', () => this.#wake());
  }

  /** A websocket has no status. */
  begin(): void {
    this.begun = true;
  }

  line(text: string): boolean {
    this.begun = true;
    this.#webSocket.send(text, () => {
      if (this.#hasRoom) this.#wake();
    });
    return this.#hasRoom;
  }

  drained(): Promise<void> {
    if (this.#hasRoom) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiters.push(resolve);
    });
  }

  end(text?: string): void {
    if (text !== undefined) this.line(text);
    this.#close();
  }

  refuse(_status: number, text: string): void {
    this.end(text);
  }

  destroy(): void {
    this.#webSocket.terminate();
  }

  get #hasRoom(): boolean {
    return this.#webSocket.readyState !== WebSocket.OPEN || this.#webSocket.bufferedAmount <= maxWaitingBytes;
  }

  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const resolve of waiters) resolve();
  }

  #close(): void {
    const webSocket = this.#webSocket;
    webSocket.close(1000);
    // Its own limit is half a minute.
    const timer = setTimeout(() => webSocket.terminate(), closeTimeoutMs);
    webSocket.once('close', () => clearTimeout(timer));
    webSocket.resume();
  }
}
