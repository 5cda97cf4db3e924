/**
 * Lease keep-alives: 100 streams over 10 connections, a lease and one renewal in flight on each, the next as soon as the last
 * is answered. Each answer must give the lease a time to live, and belong to the lease that was asked for.
 */
import { withScope } from '#e2e/scope.js';
import { type LeanConnection, connectLean } from './lean-client.ts';
import { FieldReader, keepAliveFrame, paths } from './messages.ts';
import type { StoreBenchmark } from './row.ts';
import { type Side, leaderOf, startSides } from './sides.ts';
import { type Sample, inTurns } from './turns.ts';

const connectionCount = 10;
const streamsOnEach = 10;
/** Longer than any measurement. */
const ttlSeconds = 3_600;
const warmUpSeconds = 1.5;

const reader = new FieldReader();

interface Renewal {
  readonly id: number;
  readonly ttlSeconds: number;
}

function renewalIn(message: Buffer): Renewal {
  let id = 0;
  let ttl = 0;
  reader.reset(message, 0, message.length);
  while (reader.next()) {
    if (reader.field === 2) id = reader.value;
    if (reader.field === 3) ttl = reader.value;
  }
  return { id, ttlSeconds: ttl };
}

/** As the reader reads it: above 2^53 it rounds, always alike. */
function idIn(request: Buffer): number {
  const grpcHead = 5;
  reader.reset(request, grpcHead, request.length);
  return reader.next() ? reader.value : 0;
}

async function keepAlive(side: Side, leases: readonly bigint[], seconds: number): Promise<Sample> {
  const { endpoint } = await leaderOf(side);
  const connections = await Promise.all(Array.from({ length: connectionCount }, () => connectLean(endpoint)));
  let renewals = 0;
  let fault: string | undefined;
  const renew = (connection: LeanConnection, lease: bigint): void => {
    const request = keepAliveFrame(lease);
    const asked = idIn(request);
    const message = (answer: Buffer): void => {
      const { id, ttlSeconds: ttl } = renewalIn(answer);
      if (id !== asked || ttl <= 0) fault ??= `lease ${lease} was answered with ${id}, ${ttl} s`;
      renewals++;
      connection.send(stream, request);
    };
    const end = (): void => {
      if (!over) fault ??= 'a stream ended';
    };
    const stream = connection.open(paths.keepAlive, request, { message, end }, false);
  };
  let over = false;
  const cpuBefore = process.cpuUsage();
  const startMs = performance.now();
  try {
    for (const [i, lease] of leases.entries()) {
      const connection = connections[i % connectionCount];
      if (connection) renew(connection, lease);
    }
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    const elapsed = (performance.now() - startMs) / 1000;
    const { user, system } = process.cpuUsage(cpuBefore);
    if (fault !== undefined) throw new Error(fault);
    return { values: [renewals / elapsed], generatorCpuSeconds: (user + system) / 1e6 };
  } finally {
    over = true;
    for (const connection of connections) connection.close();
  }
}

export const benchmark: StoreBenchmark = {
  run: ({ runs, seconds, say, commands }) =>
    withScope(async (scope) => {
      const sides = await startSides(scope, commands);
      const leases = new Map<Side, readonly bigint[]>();
      for (const side of sides) {
        const grants = Array.from({ length: connectionCount * streamsOnEach }, () =>
          side.client.lease.grant({ ttlSeconds }),
        );
        leases.set(
          side,
          (await Promise.all(grants)).map(({ id }) => id),
        );
        await keepAlive(side, leases.get(side) ?? [], warmUpSeconds);
      }
      const load = (side: Side): Promise<Sample> => keepAlive(side, leases.get(side) ?? [], seconds);
      const rows = [{ name: 'lease keep-alives over 100 streams', unit: 'renewals/s' }];
      return inTurns({ rows, runs, sides, say, load });
    }),
};
