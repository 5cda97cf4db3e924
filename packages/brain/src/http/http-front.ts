/** A port that speaks HTTP/1.1 and nothing else. */
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Front, type FrontOptions, listen } from './front.ts';

/** @throws OperatingError when the address can't be bound, with what to do. */
export async function openHttpFront(options: Omit<FrontOptions, 'grpc'>): Promise<Front> {
  const server = http.createServer(options.onRequest);
  await listen(server, options);
  let closing: Promise<void> | undefined;
  const close = (graceMs: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(() => server.closeAllConnections(), graceMs);
      server.close(() => {
        clearTimeout(timer);
        resolve();
      });
      server.closeIdleConnections();
    });
  return {
    port: (server.address() as AddressInfo).port,
    serve: () => undefined,
    close: (graceMs) => (closing ??= close(graceMs)),
  };
}
