/** Forged requests to every gRPC method and every HTTP path: each gets a status, none finds a bug, none stays in memory. */
import t from 'tap';
import { seededRandomness } from '@flotilla/base';
import { gatewayRoutes } from '@flotilla/brain';
import {
  type Method,
  authService,
  clusterService,
  electionService,
  healthService,
  kvService,
  leaseService,
  lockService,
  maintenanceService,
  watchService,
} from '@flotilla/wire';
import { methodTypes } from '@flotilla/wire/descriptor';
import { forgeBytes, forgeGarbage, forgeJson, forgeMessage } from './forge.ts';
import { callHttp, callRaw, framed, openSession } from './raw-calls.ts';
import { maxRequestBytes, startVictim } from './victim.ts';

t.setTimeout(0);

const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
const requestsEach = Number(process.env['REQUESTS'] ?? 24);

const methods: readonly Method[] = [
  kvService,
  watchService,
  leaseService,
  clusterService,
  maintenanceService,
  authService,
  lockService,
  electionService,
].flatMap((table) => Object.values<Method>(table));

const healthPaths = Object.values<Method>(healthService).map(({ path }) => path);

/** What a member never says: that it has a bug, or that it lost data. */
const bugStatuses = new Set([13, 15]);
/** etcd answers some refusals with UNKNOWN, which is 500 over HTTP. */
const isUnknown = (text: string): boolean => /"code":2[,}]/.test(text);
/** Bytes that are no message. */
const unreadable = /unmarshal|decod|invalid|index out of range|message/i;

t.test('every gRPC method answers forged requests with a status', async (t) => {
  const victim = await startVictim(t);
  const randomness = seededRandomness(seed);
  const random = (): number => randomness.next();
  const session = await openSession(victim.clientPort);
  t.teardown(() => session.destroy());
  const memory: number[] = [];
  for (let round = 0; round < 4; round++) {
    for (const { path, kind } of methods) {
      const { request } = methodTypes(path);
      const forged = Array.from({ length: requestsEach / 4 }, () => {
        const isGarbage = random() < 0.3;
        return { isGarbage, bytes: isGarbage ? forgeGarbage(random, request) : forgeMessage(random, request) };
      });
      const answers = await Promise.all(
        forged.map(async ({ isGarbage, bytes }) => ({
          isGarbage,
          bytes,
          ...(await callRaw(session, { path, body: framed(bytes), patienceMs: kind === 'unary' ? 10_000 : 200 })),
        })),
      );
      for (const { grpcStatus, message, bytes, isGarbage } of answers) {
        const isWrong =
          (grpcStatus === undefined && kind === 'unary' && !path.startsWith('/v3')) ||
          (grpcStatus !== undefined && bugStatuses.has(grpcStatus) && !(grpcStatus === 13 && unreadable.test(message)));
        if (isWrong)
          t.fail(`${path}: status ${grpcStatus} "${message}"`, { bytes: bytes.toString('hex'), isGarbage, seed });
      }
      await victim.probe();
    }
    memory.push(await victim.usedMebibytes());
  }
  t.comment(`in use after each round: ${memory.map((value) => value.toFixed(0)).join(', ')} MiB`);
  t.ok((memory.at(-1) ?? Infinity) < (memory[1] ?? 0) + 16, 'memory does not grow');
  t.strictSame(victim.bugs(), [], `SEED=${seed}`);
});

t.test('calls that are no calls are refused with the status for it', async (t) => {
  const victim = await startVictim(t);
  const session = await openSession(victim.clientPort);
  t.teardown(() => session.destroy());
  const put = '/etcdserverpb.KV/Put';
  const call = callRaw.bind(undefined, session);
  t.match(await call({ path: '/etcdserverpb.KV/Nothing', body: framed(Buffer.alloc(0)) }), { grpcStatus: 12 });
  t.match(await call({ path: '/nobody', body: Buffer.alloc(0) }), { grpcStatus: 12 });
  t.match(await call({ path: put, body: framed(Buffer.alloc(0)) }), {
    grpcStatus: 3,
    message: 'etcdserver: key is not provided',
  });
  const large = Buffer.alloc(maxRequestBytes + 600 * 1024, 'x');
  t.match(await call({ path: put, body: framed(large), patienceMs: 10_000 }), { grpcStatus: 8 });
  t.match(await call({ path: put, body: framed(Buffer.alloc(10), 2 ** 32 - 1), patienceMs: 10_000 }), {
    grpcStatus: 8,
  });
  const text = await call({ path: put, body: framed(Buffer.alloc(0)), headers: { 'content-type': 'text/plain' } });
  t.equal(text.httpStatus, 415);
  for (const path of healthPaths) await call({ path, body: framed(forgeBytes(Math.random)) });
  await victim.probe();
  t.strictSame(victim.bugs(), []);
});

t.test('every HTTP path answers forged requests with a status', async (t) => {
  const victim = await startVictim(t);
  const randomness = seededRandomness(seed);
  const random = (): number => randomness.next();
  for (const [name, { path, kind }] of Object.entries(gatewayRoutes)) {
    const { request } = methodTypes(path);
    const calls = Array.from({ length: requestsEach / 4 }, () => {
      const method = random() < 0.9 ? 'POST' : 'DELETE';
      const body = random() < 0.7 ? JSON.stringify(forgeJson(random, request)) : forgeBytes(random);
      return callHttp(victim.clientPort, {
        method,
        path: `/v3/${name}`,
        body,
        patienceMs: kind === 'unary' ? 10_000 : 200,
      });
    });
    for (const { status, text } of await Promise.all(calls)) {
      const isWrong =
        (status === undefined && kind === 'unary' && !/lock|election/.test(name)) ||
        (status === 500 && !isUnknown(text));
      if (isWrong) t.fail(`${name}: ${status} ${text.slice(0, 200)}`, { seed });
    }
    await victim.probe();
  }
  for (const path of [
    '/health',
    '/version',
    '/metrics',
    '/livez',
    '/readyz',
    '/',
    '/v3/nothing',
    '/%',
    '//',
    '/health?exclude=%',
  ]) {
    for (const method of ['GET', 'POST', 'PUT', 'HEAD', 'OPTIONS', 'TRACE']) {
      const { status } = await callHttp(victim.clientPort, { method, path, body: 'x'.repeat(1000), patienceMs: 5000 });
      t.ok(status !== undefined && status < 500, `${method} ${path}: ${status}`);
    }
  }
  const large = await callHttp(victim.clientPort, {
    method: 'POST',
    path: '/v3/kv/put',
    body: JSON.stringify({ key: 'a', value: 'x'.repeat(2_000_000) }),
    patienceMs: 10_000,
  });
  t.ok(large.status === undefined || [413, 429].includes(large.status), `a large body: ${large.status}`);
  await victim.probe();
  t.strictSame(victim.bugs(), [], `SEED=${seed}`);
});
