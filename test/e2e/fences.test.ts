/**
 * A leader's write is held on its way to the API server until another leads, and let go then: with valid credentials, over the
 * same connection, on a resourceVersion that is still current. Only the fence can stop it.
 */
import { join } from 'node:path';
import { type EndpointSlice, endpointSlices } from '@flotilla/api';
import {
  type ApiClient,
  type LeaderTerm,
  createApiClient,
  createLeaderElector,
  isLeaderFenced,
  loadKubeconfig,
} from '@flotilla/api-client';
import { createEtcdClient } from '@flotilla/etcd-client';
import t from 'tap';
import { type Cluster, type Teardown, startCluster } from './cluster.ts';
import { startHoldingProxy } from './holding-proxy.ts';
import { mutatedEnvironment } from './mutation.ts';

const election = 'e2e-fence';
const at = { namespace: 'default', name: 'guarded' };
const storeKey = '/registry/endpointslices/default/guarded';

/** Just the store and one API server: the candidates are the test's own. */
const shape = { brains: 1, apiServers: 1, schedulers: 0, controllers: 0, kubelets: 0 };

async function openClient(t: Teardown, cluster: Cluster, address: string): Promise<ApiClient> {
  const credential = await loadKubeconfig(join(cluster.directory, '.flotilla/e2e/kubeconfigs/controllers'));
  const client = createApiClient({ ...credential, server: `https://${address}`, transport: 'grpc' });
  t.teardown(() => client.close());
  return client;
}

/** Campaigns; resolves with the term as soon as it leads, and goes on leading until the test ends. */
function lead(t: Teardown, client: ApiClient, identity: string): Promise<LeaderTerm> {
  const over = new AbortController();
  return new Promise((resolve, reject) => {
    const elector = createLeaderElector({
      client,
      name: election,
      identity,
      ttlSeconds: 2,
      onStartedLeading(term) {
        resolve(term);
        return new Promise((ended) => term.signal.addEventListener('abort', () => ended(), { once: true }));
      },
    });
    const running = elector.run(over.signal).catch(reject);
    t.teardown(async () => {
      over.abort();
      await running;
    });
  });
}

interface HeldWrite {
  /** `written`, `fenced`, or what else was thrown. */
  readonly result: unknown;
  readonly revisionBefore: number;
  readonly revisionAfter: number;
}

async function writeAfterLosing(t: Teardown, cluster: Cluster): Promise<HeldWrite> {
  const address = cluster.running().apiServers[0]?.endpoint ?? '';
  const proxy = await startHoldingProxy(t, address);
  const first = await lead(t, await openClient(t, cluster, proxy.address), 'first');
  const guarded: EndpointSlice = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: at,
    addressType: 'IPv4',
    endpoints: [],
  };
  const created = await first.client.resource(endpointSlices).create(guarded);
  const etcd = createEtcdClient({ endpoints: cluster.endpoints });
  t.teardown(() => etcd.close());
  const modRevision = async (): Promise<number> => (await etcd.kv.range({ key: storeKey })).kvs[0]?.modRevision ?? 0;
  const revisionBefore = await modRevision();

  proxy.hold();
  const write = first.client.resource(endpointSlices).update({
    ...created,
    endpoints: [{ addresses: ['127.0.0.1'] }],
  });
  const outcome = write.then(
    () => 'written',
    (error: unknown) => (isLeaderFenced(error) ? 'fenced' : error),
  );
  await lead(t, await openClient(t, cluster, address), 'second');
  proxy.release();
  return { result: await outcome, revisionBefore, revisionAfter: await modRevision() };
}

t.test("a deposed leader's write is refused with LeaderFenced, and changes nothing", async (t) => {
  const cluster = await startCluster(t, shape);
  const { result, revisionBefore, revisionAfter } = await writeAfterLosing(t, cluster);
  t.equal(result, 'fenced');
  t.ok(revisionBefore > 0);
  t.equal(revisionAfter, revisionBefore, 'the mod revision did not move');
});

t.test('without the compare in the transaction the same write would go through', async (t) => {
  const mutation = { find: 'guards\\.flatMap\\(\\(\\{compares:?\\w*\\}\\)=>compares\\d*\\)', replace: '[]' };
  const cluster = await startCluster(t, { ...shape, env: mutatedEnvironment(mutation) });
  const { result, revisionBefore, revisionAfter } = await writeAfterLosing(t, cluster);
  t.equal(result, 'written', 'so it is the compare that stops it');
  t.ok(revisionAfter > revisionBefore);
});
