/**
 * Ports that were free a moment ago: members must know each other's before they listen. They lie below those that systems
 * give to outgoing connections, so that none of these takes one meanwhile.
 */
import net from 'node:net';

const lowest = 10_240;
const highest = 32_767;

export async function reservePorts(count: number): Promise<readonly number[]> {
  const held = new Map<number, net.Server>();
  while (held.size < count) {
    const port = lowest + Math.floor(Math.random() * (highest - lowest));
    if (held.has(port)) continue;
    const server = await holdPort(port);
    if (server) held.set(port, server);
  }
  await Promise.all([...held.values()].map((server) => new Promise((resolve) => server.close(resolve))));
  return [...held.keys()];
}

/** Undefined when somebody has it. */
function holdPort(port: number): Promise<net.Server | undefined> {
  const server = net.createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(undefined));
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => resolve(server));
  });
}
