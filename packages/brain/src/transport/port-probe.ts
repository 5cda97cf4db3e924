/** Whether a port refuses connections: the second half of the evidence that a process is dead. */
import net from 'node:net';
import { codeOf } from '@flotilla/base';

/** `refused` is a definite answer of the other machine; anything else but success is `silent`. */
export type PortState = 'open' | 'refused' | 'silent';

export function probePort(
  address: { readonly host: string; readonly port: number },
  signal: AbortSignal,
): Promise<PortState> {
  return new Promise((resolve) => {
    const socket = net.connect(address);
    const finish = (state: PortState): void => {
      signal.removeEventListener('abort', abort);
      socket.destroy();
      resolve(state);
    };
    const abort = (): void => finish('silent');
    socket.once('connect', () => finish('open'));
    socket.once('error', (error) => finish(codeOf(error) === 'ECONNREFUSED' ? 'refused' : 'silent'));
    socket.setTimeout(1000, () => finish('silent'));
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
  });
}
