import { kinds, openApiDocument, openApiHash, openApiIndex } from '@flotilla/api';
import t from 'tap';

type Json = Readonly<Record<string, unknown>>;

function at(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((inner, key) => (inner as Json | undefined)?.[key], value);
}

const apiVersions = ['v1', 'apps/v1', 'coordination.k8s.io/v1', 'discovery.k8s.io/v1'];

/** Every `$ref` in a document. */
function references(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(references);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => (key === '$ref' ? [String(inner)] : references(inner)));
}

void t.test('the index names a document a group and version, tagged with its content', (t) => {
  const { paths } = openApiIndex(kinds);
  t.same(Object.keys(paths), ['api/v1', ...apiVersions.slice(1).map((apiVersion) => `apis/${apiVersion}`)]);
  const document = openApiDocument(kinds, 'apps/v1');
  t.ok(document);
  if (document)
    t.equal(paths['apis/apps/v1']?.serverRelativeURL, `/openapi/v3/apis/apps/v1?hash=${openApiHash(document)}`);
  t.equal(openApiDocument(kinds, 'batch/v1'), undefined);
  t.end();
});

void t.test('every reference of a document is answered in it', (t) => {
  for (const apiVersion of apiVersions) {
    const document = openApiDocument(kinds, apiVersion);
    const known = new Set(
      Object.keys(document?.components.schemas ?? {}).map((name) => `#/components/schemas/${name}`),
    );
    t.same(
      references(document).filter((reference) => !known.has(reference)),
      [],
      apiVersion,
    );
  }
  t.end();
});

void t.test('every kind can be patched, with the parameter that kubectl looks for', (t) => {
  for (const { group, version, kind, apiVersion, plural, namespaced } of kinds) {
    const root = group === '' ? '/api/v1' : `/apis/${apiVersion}`;
    const path = namespaced ? `${root}/namespaces/{namespace}/${plural}/{name}` : `${root}/${plural}/{name}`;
    const patch = at(openApiDocument(kinds, apiVersion), 'paths', path, 'patch');
    t.same(at(patch, 'x-kubernetes-group-version-kind'), { group, version, kind }, kind);
    t.equal(at(patch, 'x-kubernetes-action'), 'patch');
    const parameters = at(patch, 'parameters') as readonly { readonly name: string; readonly in: string }[];
    for (const name of ['fieldValidation', 'fieldManager', 'dryRun'])
      t.ok(
        parameters.some((one) => one.name === name && one.in === 'query'),
        name,
      );
    t.same(Object.keys(at(patch, 'requestBody', 'content') as Json), [
      'application/json-patch+json',
      'application/merge-patch+json',
      'application/strategic-merge-patch+json',
    ]);
  }
  t.end();
});

void t.test('schemas carry what patches are computed from', (t) => {
  const schemas = openApiDocument(kinds, 'v1')?.components.schemas ?? {};
  const property = (model: string, name: string): Json =>
    at(schemas[`io.k8s.api.core.v1.${model}`], 'properties', name) as Json;
  t.match(property('PodSpec', 'containers'), {
    type: 'array',
    items: { allOf: [{ $ref: '#/components/schemas/io.k8s.api.core.v1.Container' }] },
    'x-kubernetes-patch-merge-key': 'name',
    'x-kubernetes-patch-strategy': 'merge',
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['name'],
  });
  t.match(property('PodSpec', 'volumes'), { 'x-kubernetes-patch-strategy': 'merge,retainKeys' });
  t.match(property('Container', 'ports'), {
    'x-kubernetes-patch-merge-key': 'containerPort',
    'x-kubernetes-list-map-keys': ['containerPort', 'protocol'],
  });
  t.match(property('NodeSpec', 'taints'), { 'x-kubernetes-list-type': 'atomic' });
  t.notOk('x-kubernetes-patch-strategy' in property('NodeSpec', 'taints'));
  t.match(property('ResourceRequirements', 'limits'), {
    type: 'object',
    additionalProperties: { $ref: '#/components/schemas/io.k8s.apimachinery.pkg.api.resource.Quantity' },
  });
  t.match(schemas['io.k8s.api.core.v1.Pod'], {
    'x-kubernetes-group-version-kind': [{ group: '', version: 'v1', kind: 'Pod' }],
  });
  t.match(schemas['io.k8s.api.core.v1.Container'], { required: ['name'] });
  t.match(at(schemas['io.k8s.api.core.v1.ServicePort'], 'properties', 'targetPort'), {
    allOf: [{ $ref: '#/components/schemas/io.k8s.apimachinery.pkg.util.intstr.IntOrString' }],
  });
  t.end();
});
