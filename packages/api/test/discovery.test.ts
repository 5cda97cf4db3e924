import { apiGroup, apiGroupList, apiResourceList, apiVersions, groupDiscoveryList, kinds } from '@flotilla/api';
import t from 'tap';

void t.test('aggregated discovery names every resource and its subresources', (t) => {
  const [core] = groupDiscoveryList(kinds, 'core').items;
  t.same(core?.metadata, { creationTimestamp: null });
  const pods = core?.versions[0]?.resources.find(({ resource }) => resource === 'pods');
  t.match(pods, {
    responseKind: { group: '', version: 'v1', kind: 'Pod' },
    scope: 'Namespaced',
    singularResource: 'pod',
    shortNames: ['po'],
    categories: ['all'],
  });
  t.same(
    pods?.subresources?.map(({ subresource, responseKind, verbs }) => [
      subresource,
      responseKind.group,
      responseKind.kind,
      verbs,
    ]),
    [
      ['status', '', 'Pod', ['get', 'patch', 'update']],
      ['binding', '', 'Binding', ['create']],
      ['eviction', 'policy', 'Eviction', ['create']],
      ['log', '', 'Pod', ['get']],
    ],
  );
  const named = groupDiscoveryList(kinds, 'named');
  t.match(named, { kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2' });
  t.same(
    named.items.map(({ metadata }) => metadata.name),
    ['apps', 'coordination.k8s.io', 'discovery.k8s.io'],
  );
  t.end();
});

void t.test('legacy discovery says the same, level by level', (t) => {
  t.match(apiVersions('127.0.0.1:6443'), { kind: 'APIVersions', versions: ['v1'] });
  t.match(apiGroupList(kinds).groups[0], {
    name: 'apps',
    preferredVersion: { groupVersion: 'apps/v1', version: 'v1' },
  });
  t.match(apiGroup(kinds, 'apps'), { kind: 'APIGroup', apiVersion: 'v1', name: 'apps' });
  t.equal(apiGroup(kinds, 'batch'), undefined);
  t.equal(apiResourceList(kinds, 'apps/v2'), undefined);
  const resources = apiResourceList(kinds, 'v1')?.resources ?? [];
  t.match(
    resources.find(({ name }) => name === 'pods/eviction'),
    { group: 'policy', version: 'v1', kind: 'Eviction', namespaced: true },
  );
  t.match(
    resources.find(({ name }) => name === 'nodes'),
    { namespaced: false, singularName: 'node', shortNames: ['no'] },
  );
  const status = resources.find(({ name }) => name === 'pods/status') ?? {};
  t.notOk('group' in status, 'a subresource of the same group names none');
  const scale = apiResourceList(kinds, 'apps/v1')?.resources.find(({ name }) => name === 'deployments/scale');
  t.match(scale, { group: 'autoscaling', version: 'v1', kind: 'Scale' });
  t.end();
});
