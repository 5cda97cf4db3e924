import t from 'tap';
import { startCluster } from './support/cluster.ts';

const cluster = await startCluster();
t.teardown(() => cluster.stop());
const client = cluster.client();

const aggregated = (version: string) => `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;

t.test('aggregated discovery is answered in the form that is asked for', async (t) => {
  for (const version of ['v2', 'v2beta1']) {
    const accept = `${aggregated(version)},application/json`;
    const core = await client.send('/api', { headers: { accept } });
    t.equal(core.headers['content-type'], aggregated(version));
    t.match(core.json, { kind: 'APIGroupDiscoveryList', apiVersion: `apidiscovery.k8s.io/${version}` });
    const named = await client.send('/apis', { headers: { accept } });
    t.strictSame(
      named.json.items.map(({ metadata }) => metadata.name),
      ['apps', 'coordination.k8s.io', 'discovery.k8s.io'],
    );
  }
});

t.test('a document that the client has is not sent again', async (t) => {
  const headers = { accept: aggregated('v2') };
  const { headers: first } = await client.send('/api', { headers });
  const again = await client.send('/api', { headers: { ...headers, 'if-none-match': first.etag ?? '' } });
  t.match(again, { code: 304, text: '' });
});

t.test('old clients find their way', async (t) => {
  t.match((await client.get('/api')).json, { kind: 'APIVersions', versions: ['v1'] });
  t.match((await client.get('/apis')).json, { kind: 'APIGroupList' });
  t.match((await client.get('/apis/apps')).json, { kind: 'APIGroup', preferredVersion: { groupVersion: 'apps/v1' } });
  const { json } = await client.get('/api/v1');
  t.match(json, { kind: 'APIResourceList', groupVersion: 'v1' });
  const resources = (json as unknown as { resources: { name: string; group?: string; kind: string }[] }).resources;
  t.match(
    resources.find(({ name }) => name === 'pods/eviction'),
    { group: 'policy', version: 'v1', kind: 'Eviction' },
  );
  t.equal((await client.get('/apis/nothing')).code, 404);
  t.equal((await client.get('/api/v9')).code, 404);
});

t.test('OpenAPI documents are found by their tag', async (t) => {
  const index = (await client.get('/openapi/v3')).json as unknown as {
    paths: Record<string, { serverRelativeURL: string }>;
  };
  const url = index.paths['apis/apps/v1']?.serverRelativeURL ?? '';
  const document = await client.get(url);
  t.match(document.json, {
    openapi: '3.0.0',
    components: { schemas: { 'io.k8s.api.apps.v1.Deployment': { type: 'object' } } },
  });
  t.match(document.headers['cache-control'], 'immutable');
  const outdated = await client.get('/openapi/v3/apis/apps/v1?hash=0');
  t.match(outdated, { code: 301, headers: { location: url } });
  t.equal((await client.get('/openapi/v3/apis/none/v1')).code, 404);
});

t.test('metrics have the names of kube-apiserver', async (t) => {
  const { text } = await client.get('/metrics');
  for (const name of [
    'apiserver_request_total',
    'apiserver_request_duration_seconds_bucket',
    'apiserver_current_inflight_requests',
  ]) {
    t.match(text, name);
  }
});
