import * as fc from 'fast-check';
import t from 'tap';
import { startCluster } from './support/cluster.ts';
import { configMap, configMaps } from './support/objects.ts';

const cluster = await startCluster({ watcherCapacity: 5 });
t.teardown(() => cluster.stop());
const client = cluster.client();

t.test('a watcher that does not read is ended, and holds up nobody', async (t) => {
  const { json } = await client.get(configMaps);
  const query = `watch=1&resourceVersion=${json.metadata.resourceVersion}`;
  const lazy = client.watch(`${configMaps}?${query}`);
  const count = 30;
  const text = 'x'.repeat(500_000);
  const eager = client.watch(`${configMaps}?${query}`);
  for (let index = 0; index < count; index++) {
    await client.create(configMaps, configMap(`big-${index}`, { text }));
    t.equal((await eager.next()).object.metadata.name, `big-${index}`);
  }
  eager.stop();
  let seen = 0;
  for await (const { type } of lazy) if (type === 'ADDED') seen++;
  t.ok(seen < count, `the stream ended after ${seen} of ${count}`);
});

t.test('no body and no path is answered with an internal error', async (t) => {
  const anything = fc.oneof(
    fc.json(),
    fc.jsonValue().map((value) => JSON.stringify({ metadata: value, spec: value, data: value })),
    fc.jsonValue().map((value) =>
      JSON.stringify({
        metadata: { name: 'f', labels: value, finalizers: value },
        spec: { ports: value, template: value },
      }),
    ),
    fc.string(),
  );
  const types = fc.constantFrom(
    'application/json',
    'application/merge-patch+json',
    'application/json-patch+json',
    'application/strategic-merge-patch+json',
    'application/vnd.kubernetes.protobuf',
  );
  const paths = fc.constantFrom(
    configMaps,
    `${configMaps}/big-1`,
    '/api/v1/namespaces/default/pods',
    '/api/v1/namespaces/default/pods/p/binding',
    '/api/v1/namespaces/default/services',
    '/apis/apps/v1/namespaces/default/deployments',
    '/apis/apps/v1/namespaces/default/deployments/d/scale',
    '/api/v1/nodes',
    '/api/v1/namespaces',
  );
  const methods = fc.constantFrom('POST', 'PUT', 'PATCH', 'DELETE');
  await fc.assert(
    fc.asyncProperty(paths, methods, types, anything, async (path, method, type, body) => {
      const { code, text } = await client.send(`${path}?dryRun=All`, { method, type, body });
      if (code >= 500) throw new Error(`${method} ${path} ${type} ${JSON.stringify(body)}: ${text}`);
    }),
    { numRuns: 150 },
  );
  await fc.assert(
    fc.asyncProperty(fc.webPath(), fc.webQueryParameters(), async (path, query) => {
      for (const prefix of ['', '/api/v1/namespaces', '/apis', '/openapi/v3', configMaps]) {
        const { code, text } = await client.get(`${prefix}${path === '' ? '/' : path}?${query}&timeoutSeconds=1`);
        if (code >= 500) throw new Error(`${prefix}${path}?${query}: ${text}`);
      }
    }),
    { numRuns: 20 },
  );
  t.equal((await client.get('/healthz')).text, 'ok');
});
