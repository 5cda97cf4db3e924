import { kinds, openApiDocument, openApiV2Document } from '@flotilla/api';
import t from 'tap';

const document = openApiV2Document(kinds);
const apiVersions = [...new Set(kinds.map(({ apiVersion }) => apiVersion))];

/** Every value of `word` in a document, however deep. */
function valuesOf(word: string, value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value.flatMap((item) => valuesOf(word, item));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => (key === word ? [inner] : valuesOf(word, inner)));
}

void t.test('every reference is answered in the document', (t) => {
  const known = new Set<unknown>(Object.keys(document.definitions).map((name) => `#/definitions/${name}`));
  t.same(
    valuesOf('$ref', document).filter((reference) => !known.has(reference)),
    [],
  );
  t.end();
});

void t.test('it speaks of the same paths and models as the documents of v3', (t) => {
  const v3 = apiVersions.map((apiVersion) => openApiDocument(kinds, apiVersion));
  const keys = (records: readonly (Readonly<Record<string, unknown>> | undefined)[]): string[] =>
    [...new Set(records.flatMap((record) => Object.keys(record ?? {})))].sort();
  t.same(keys([document.paths]), keys(v3.map((one) => one?.paths)));
  t.same(keys([document.definitions]), keys(v3.map((one) => one?.components.schemas)));
  const operations = (paths: unknown): readonly string[] => valuesOf('operationId', paths).map(String).sort();
  t.same(operations(document.paths), operations(v3.map((one) => one?.paths)));
  t.end();
});

void t.test('every kind can be patched, with the parameter that kubectl looks for', (t) => {
  for (const { group, version, kind, apiVersion, plural, namespaced } of kinds) {
    const root = group === '' ? '/api/v1' : `/apis/${apiVersion}`;
    const item = document.paths[`${root}/${namespaced ? 'namespaces/{namespace}/' : ''}${plural}/{name}`];
    t.match(
      item?.patch,
      {
        consumes: [
          'application/json-patch+json',
          'application/merge-patch+json',
          'application/strategic-merge-patch+json',
        ],
        'x-kubernetes-action': 'patch',
        'x-kubernetes-group-version-kind': { group, version, kind },
      },
      kind,
    );
    const inQuery = item?.patch?.parameters.filter((parameter) => parameter.in === 'query') ?? [];
    t.match(
      inQuery.map(({ name }) => name),
      ['dryRun', 'fieldManager', 'fieldValidation', 'force'],
    );
    t.match(item?.parameters[0], { name: 'name', in: 'path', required: true, type: 'string' });
  }
  t.end();
});

void t.test('an operation says what goes in and out, in the words of v2', (t) => {
  const collection = document.paths['/api/v1/namespaces/{namespace}/pods'];
  const pod = { $ref: '#/definitions/io.k8s.api.core.v1.Pod' };
  t.match(collection?.post, {
    consumes: ['application/json'],
    produces: ['application/json'],
    responses: { 200: { schema: pod }, 201: { schema: pod }, 401: { description: 'Unauthorized' } },
  });
  t.same(collection?.post?.parameters[0], { name: 'body', in: 'body', required: true, schema: pod });
  t.match(collection?.get, {
    consumes: ['*/*'],
    responses: { 200: { schema: { $ref: '#/definitions/io.k8s.api.core.v1.PodList' } } },
  });
  t.match(document.paths['/api/v1/namespaces/{namespace}/pods/{name}/log']?.get, {
    produces: ['text/plain'],
    responses: { 200: { schema: { type: 'string' } } },
  });
  t.end();
});

void t.test('schemas carry what patches are computed from, and nothing that clients of v2 refuse', (t) => {
  const { definitions } = document;
  t.match(definitions['io.k8s.api.core.v1.Container']?.properties?.['ports'], {
    type: 'array',
    items: { $ref: '#/definitions/io.k8s.api.core.v1.ContainerPort' },
    'x-kubernetes-list-map-keys': ['containerPort', 'protocol'],
    'x-kubernetes-patch-merge-key': 'containerPort',
    'x-kubernetes-patch-strategy': 'merge',
  });
  t.match(definitions['io.k8s.api.apps.v1.Deployment'], {
    type: 'object',
    'x-kubernetes-group-version-kind': [{ group: 'apps', version: 'v1', kind: 'Deployment' }],
  });
  t.match(definitions['io.k8s.api.core.v1.Container'], { required: ['name'] });
  t.match(definitions['io.k8s.apimachinery.pkg.util.intstr.IntOrString'], { type: 'string', format: 'int-or-string' });
  t.match(definitions['io.k8s.apimachinery.pkg.api.resource.Quantity'], { type: 'string' });
  for (const word of ['allOf', 'oneOf', 'default']) t.same(valuesOf(word, Object.values(definitions)), [], word);
  t.end();
});
