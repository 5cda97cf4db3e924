/** What clients ask of a member over HTTP/1.1: the gateway, health and metrics, and websockets of the gateway. */
import { type IncomingMessage, type RequestListener, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Logger } from '@flotilla/base';
import { HttpExchange } from '../gateway/exchange.ts';
import { type Gateway, isGatewayPath, textBytesOf } from '../gateway/gateway.ts';
import { asksForWebSocket, createWebSockets } from '../gateway/web-sockets.ts';
import type { Access, Refusal } from './access.ts';
import type { UpgradeListener } from './front.ts';

export interface ClientRequestsOptions {
  readonly access: Access;
  readonly gateway: Gateway;
  /** The largest message, in its protobuf form. */
  readonly maxMessageBytes: number;
  /** Answers what is not the gateway's. */
  readonly routes: RequestListener;
  readonly logger: Logger;
}

export interface ClientRequests {
  readonly onRequest: RequestListener;
  readonly onUpgrade: UpgradeListener;
}

export function clientRequests(options: ClientRequestsOptions): ClientRequests {
  const { access, gateway, maxMessageBytes, routes, logger } = options;
  const webSockets = createWebSockets({ maxTextBytes: textBytesOf(maxMessageBytes), answer: gateway });

  const refused = (request: IncomingMessage, response: ServerResponse, { status, text }: Refusal): void => {
    logger.warn('an HTTP request was refused', { host: request.headers.host, path: request.url, status });
    response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' }).end(text);
  };
  const onRequest = (request: IncomingMessage, response: ServerResponse & { req: IncomingMessage }): void => {
    const refusal = access.refusalOf(request);
    if (refusal) return refused(request, response, refusal);
    access.allowOrigin(request, response);
    if (request.method === 'OPTIONS') response.writeHead(200).end();
    else if (isGatewayPath(request.url)) gateway(new HttpExchange(request, response));
    else routes(request, response);
  };
  return {
    onRequest,
    onUpgrade(request, socket, head) {
      socket.on('error', () => socket.destroy());
      const isOurs = asksForWebSocket(request) && isGatewayPath(request.url);
      if (isOurs && !access.refusalOf(request)) return webSockets(request, socket, head);
      // Nothing obliges a server to take up an offer of another protocol (RFC 9110, section 7.8).
      const response = answerTo(request, socket);
      if (!hasBody(request)) return onRequest(request, response);
      const text = 'a request that offers another protocol must have no body: send it without Upgrade\n';
      refused(request, response, { status: 400, text });
    },
  };
}

/** Node leaves the body of such a request unread. */
function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/** An answer on a socket that was given up by the HTTP server; it ends the connection. */
function answerTo(
  request: IncomingMessage,
  socket: Parameters<UpgradeListener>[1],
): ServerResponse & { req: IncomingMessage } {
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  if (socket instanceof Socket) response.assignSocket(socket);
  response.once('finish', () => socket.end());
  return response;
}
