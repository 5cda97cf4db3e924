import { type ConfigMap, type Pod, configMaps, deployments, leases, nodes, pods, replicaSets } from '@flotilla/api';
import {
  type LeaderTerm,
  bindPod,
  createInformer,
  createLeaderElector,
  isAlreadyExists,
  isConflict,
  isForbidden,
  isInvalid,
  isLeaderFenced,
  isNotFound,
  isUnreachable,
  readScale,
  writeScale,
} from '@flotilla/api-client';
import { createTaskGroup } from '@flotilla/base';
import t from 'tap';
import { type TestApiServer, type TransportName, startTestApiServer } from './api-server.ts';

const transports: readonly TransportName[] = ['grpc', 'rest'];

function configMap(name: string, value = '1'): ConfigMap {
  const labels = { parity: Number(value) % 2 === 0 ? 'even' : 'odd' };
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default', labels }, data: { value } };
}

function template(app: string) {
  return { metadata: { name: '', labels: { app } }, spec: { containers: [{ name: 'web', image: 'web' }] } };
}

async function failure(call: Promise<unknown>): Promise<unknown> {
  return await call.then(
    () => undefined,
    (error: unknown) => error,
  );
}

let server: TestApiServer;
t.before(async () => {
  server = await startTestApiServer();
});
t.teardown(() => server.stop());

/** A connection that was lost with its server is opened again only after a pause; until then calls fail at once. */
async function onceReachable<T>(call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!isUnreachable(error)) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

for (const name of transports) {
  t.test(`${name}: the verbs, and what refuses them`, async (t) => {
    const client = server.client(name);
    const maps = client.resource(configMaps);
    const at = { namespace: 'default', name: `verbs-${name}` };
    const created = await maps.create(configMap(at.name));
    t.equal(created.metadata.namespace, 'default');
    t.ok(isAlreadyExists(await failure(maps.create(configMap(at.name)))));
    t.same(await maps.get(at), created);
    const updated = await maps.update({ ...created, data: { value: '2' } });
    t.ok(isConflict(await failure(maps.update({ ...created, data: { value: '3' } }))));
    const patch = { type: 'application/merge-patch+json', body: { data: { more: 'x' } } } as const;
    t.same((await maps.patch(at, patch)).data, { value: '2', more: 'x' });
    t.ok(isInvalid(await failure(maps.create(configMap('Not a name')))));
    const wrongUid = { preconditions: { uid: 'another' } };
    t.ok(isConflict(await failure(maps.delete(at, wrongUid))));
    t.equal(await maps.delete(at), undefined, 'nothing is left');
    t.ok(isNotFound(await failure(maps.get(at))));
    t.not(updated.metadata.resourceVersion, created.metadata.resourceVersion);
    const generated = await maps.create({
      ...configMap(''),
      metadata: { name: '', namespace: 'default', generateName: 'g-' },
    });
    t.match(generated.metadata.name, /^g-.{5}$/);
    await maps.delete(generated.metadata);
  });

  t.test(`${name}: lists with selectors and pages`, async (t) => {
    const maps = server.client(name).resource(configMaps);
    for (let i = 0; i < 5; i++) await maps.create(configMap(`list-${name}-${i}`, String(i)));
    const names = ({ items }: { readonly items: readonly ConfigMap[] }) => items.map(({ metadata }) => metadata.name);
    const even = await maps.list({ namespace: 'default', labelSelector: 'parity=even' });
    t.same(
      names(even),
      [0, 2, 4].map((i) => `list-${name}-${i}`),
    );
    t.match(even.items[0], { apiVersion: 'v1', kind: 'ConfigMap' });
    const one = await maps.list({ fieldSelector: `metadata.name=list-${name}-3` });
    t.same(names(one), [`list-${name}-3`]);
    const first = await maps.list({ namespace: 'default', labelSelector: 'parity', limit: 2 });
    t.equal(first.items.length, 2);
    const second = await maps.list({
      namespace: 'default',
      labelSelector: 'parity',
      limit: 2,
      continue: first.continue,
    });
    t.equal(second.items.length, 2);
    t.notSame(names(second), names(first));
    for (let i = 0; i < 5; i++) await maps.delete({ namespace: 'default', name: `list-${name}-${i}` });
  });

  t.test(`${name}: status, scale and binding are written through their subresources`, async (t) => {
    const client = server.client(name);
    const metadata = { name: `sub-${name}`, namespace: 'default' };
    const selector = { matchLabels: { app: metadata.name } };
    const spec = { replicas: 2, selector, template: template(metadata.name) };
    const set = await client
      .resource(replicaSets)
      .create({ apiVersion: 'apps/v1', kind: 'ReplicaSet', metadata, spec });
    const counted = await client.resource(replicaSets).updateStatus({ ...set, status: { replicas: 2 } });
    t.equal(counted.status?.replicas, 2);
    t.equal(counted.metadata.generation, set.metadata.generation);
    const scale = await readScale(client, replicaSets, metadata);
    t.equal(scale.spec.replicas, 2);
    await writeScale(client, replicaSets, { ...scale, spec: { replicas: 5 } });
    t.equal((await client.resource(replicaSets).get(metadata)).spec.replicas, 5);
    await client.resource(replicaSets).delete(metadata);

    const pod: Pod = { apiVersion: 'v1', kind: 'Pod', metadata, spec: template('x').spec };
    await client.resource(nodes).create({ apiVersion: 'v1', kind: 'Node', metadata: { name: `n-${name}` }, spec: {} });
    const made = await client.resource(pods).create(pod);
    await bindPod(client, { pod: made, node: `n-${name}` });
    t.equal((await client.resource(pods).get(metadata)).spec.nodeName, `n-${name}`);
    t.ok(isConflict(await failure(bindPod(client, { pod: made, node: `n-${name}` }))));
    await client.resource(pods).delete(metadata, { gracePeriodSeconds: 0 });
  });

  t.test(`${name}: an informer follows the server, also over its restart`, async (t) => {
    const client = server.client(name);
    const maps = client.resource(configMaps);
    const informer = createInformer(client, configMaps, { namespace: 'default', labelSelector: 'parity=even' });
    const group = createTaskGroup();
    t.teardown(() => group.close());
    informer.start(group);
    await informer.waitForSync(group.signal);
    const seen = (key: string, present: boolean): Promise<void> =>
      new Promise((resolve) => {
        const check = (): void => {
          if ((informer.get(key) !== undefined) === present) resolve();
        };
        informer.onChange({ added: check, updated: check, deleted: check });
        check();
      });
    const created = await maps.create(configMap(`inf-${name}`, '2'));
    await seen(`default/inf-${name}`, true);
    await maps.update({ ...created, metadata: { ...created.metadata, labels: { parity: 'odd' } } });
    await seen(`default/inf-${name}`, false);
    await server.restart();
    const again = await onceReachable(() => maps.create(configMap(`inf2-${name}`, '2')));
    await seen(`default/inf2-${name}`, true);
    await informer.waitForRevision(Number(again.metadata.resourceVersion), group.signal);
    t.equal(informer.size, 1);
    await maps.delete({ namespace: 'default', name: `inf-${name}` });
    await maps.delete({ namespace: 'default', name: `inf2-${name}` });
  });

  t.test(`${name}: a call ends with its signal, and a closed client answers at once`, async (t) => {
    const client = server.client(name);
    const stop = new AbortController();
    const watching = (async () => {
      for await (const _ of client.resource(deployments).watch({ signal: stop.signal })) stop.abort();
    })();
    stop.abort();
    t.ok(await failure(watching));
    client.close();
    t.ok(isUnreachable(await failure(client.resource(configMaps).list())));
  });
}

t.test('grpc: a leader that was deposed writes nothing more', async (t) => {
  const terms: LeaderTerm[] = [];
  const candidate = (identity: string) => {
    const stop = new AbortController();
    let began: (term: LeaderTerm) => void;
    const leading = new Promise<LeaderTerm>((resolve) => (began = resolve));
    const elector = createLeaderElector({
      client: server.client('grpc', 'system:kube-controller-manager'),
      name: 'kube-test',
      identity,
      ttlSeconds: 2,
      onStartedLeading: (term) =>
        new Promise((resolve) => {
          terms.push(term);
          began(term);
          term.signal.addEventListener('abort', () => resolve(), { once: true });
        }),
    });
    return { leading, stop, running: elector.run(stop.signal) };
  };
  const a = candidate('a');
  const first = await a.leading;
  t.ok(first.fence);
  const maps = first.client.resource(replicaSets);
  const metadata = { name: 'fenced', namespace: 'default' };
  const spec = { replicas: 0, selector: { matchLabels: { app: 'f' } }, template: template('f') };
  const set = { apiVersion: 'apps/v1', kind: 'ReplicaSet', metadata, spec };
  const made = await maps.create(set);
  const unfenced = server.client('grpc', 'system:kube-controller-manager').resource(replicaSets);
  t.ok(isForbidden(await failure(unfenced.create({ ...set, metadata: { ...metadata, name: 'unfenced' } }))));
  const overRest = server.client('rest', 'system:kube-controller-manager');
  if (first.fence)
    await overRest
      .withFence(first.fence)
      .resource(replicaSets)
      .updateStatus({ ...made, status: { replicas: 1 } });

  const b = candidate('b');
  await server.restart();
  t.equal(terms.length, 1, 'the loss of an API server costs no term');
  a.stop.abort();
  await a.running;
  const second = await b.leading;
  t.ok(second.electedRevision > Number(made.metadata.resourceVersion));
  const current = await server.client('grpc').resource(replicaSets).get(metadata);
  t.ok(isLeaderFenced(await failure(maps.update(current))));
  if (first.fence) {
    const late = overRest.withFence(first.fence).resource(replicaSets).delete(metadata);
    t.ok(isLeaderFenced(await failure(late)), 'over REST as well');
  }
  await second.client.resource(replicaSets).delete(metadata);
  b.stop.abort();
  await b.running;
});

t.test('rest: without elections a plain Lease decides', async (t) => {
  const client = server.client('rest');
  const stop = new AbortController();
  const elector = createLeaderElector({
    client,
    name: 'kube-plain',
    identity: 'a',
    ttlSeconds: 2,
    async onStartedLeading(term) {
      t.equal(term.fence, undefined);
      const lease = await client.resource(leases).get({ namespace: 'kube-system', name: 'kube-plain' });
      t.equal(lease.spec?.holderIdentity, 'a');
      t.ok(term.electedRevision <= Number(lease.metadata.resourceVersion));
      stop.abort();
    },
  });
  await elector.run(stop.signal);
  const lease = await client.resource(leases).get({ namespace: 'kube-system', name: 'kube-plain' });
  t.equal(lease.spec?.holderIdentity, '');
});
