import { RpcError, StatusCode, toSafeInteger } from '@flotilla/wire';
import t from 'tap';
import { type Json, parseJson, startCluster } from './support/cluster.ts';
import { grpcClient } from './support/grpc.ts';
import { configMap, deployment, pod } from './support/objects.ts';

const cluster = await startCluster();
t.teardown(() => cluster.stop());
const { resources, close } = grpcClient(cluster, cluster.admin);
t.teardown(close);
const rest = cluster.client();

const maps = { group: '', version: 'v1', resource: 'configmaps', namespace: 'default' };
const deployments = { group: 'apps', version: 'v1', resource: 'deployments', namespace: 'default' };
const body = (object: unknown) => Buffer.from(JSON.stringify(object));
const parsed = ({ object }: { object?: Uint8Array | null }): Json => parseJson(object ?? '');

async function status(call: Promise<unknown>): Promise<Json & { rpc: StatusCode }> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    return { rpc: error.status, ...parseJson(error.trailers['flotilla-status-bin'] ?? '{}') };
  }
  throw new Error('the call was not refused');
}

t.test('objects are the same over gRPC and REST', async (t) => {
  const made = parsed(await resources.Create({ ref: maps, object: body(configMap('g', { a: '1' })) }));
  const { json } = await rest.get('/api/v1/namespaces/default/configmaps/g');
  t.strictSame(made, json);
  t.strictSame(parsed(await resources.Get({ ref: { ...maps, name: 'g' } })), json);
  const updated = parsed(
    await resources.Update({ ref: { ...maps, name: 'g' }, object: body({ ...made, data: { a: '2' } }) }),
  );
  t.equal(updated.data['a'], '2');
  const patch = {
    ref: { ...maps, name: 'g' },
    content_type: 'application/merge-patch+json',
    patch: body({ data: { b: '3' } }),
  };
  t.strictSame(parsed(await resources.Patch(patch)).data, { a: '2', b: '3' });
  t.match(parsed(await resources.Delete({ ref: { ...maps, name: 'g' } })), { kind: 'Status', status: 'Success' });
});

t.test('lists are paged and select', async (t) => {
  for (const name of ['l1', 'l2', 'l3'])
    await resources.Create({ ref: maps, object: body(configMap(name, {}, { odd: name === 'l2' ? 'no' : 'yes' })) });
  const first = await resources.List({ ref: maps, limit: 2 });
  t.equal(first.items.length, 2);
  t.equal(toSafeInteger(first.remaining_item_count), 1);
  const second = await resources.List({ ref: maps, limit: 2, continue: first.continue });
  t.equal(second.items.length, 1);
  t.equal(second.continue, '');
  const odd = await resources.List({ ref: maps, label_selector: 'odd=yes' });
  t.strictSame(
    odd.items.map((bytes) => parseJson(bytes).metadata.name),
    ['l1', 'l3'],
  );
});

t.test('a watch tells of changes and ends with its call', async (t) => {
  const { resource_version } = await resources.List({ ref: maps });
  const controller = new AbortController();
  const seen: string[] = [];
  const write = async (): Promise<void> => {
    await resources.Create({ ref: maps, object: body(configMap('w')) });
    await resources.Delete({ ref: { ...maps, name: 'w' } });
  };
  let writing: Promise<void> | undefined;
  for await (const { events } of resources.Watch({ ref: maps, resource_version }, { signal: controller.signal })) {
    writing ??= write();
    for (const { type, object } of events) seen.push(`${type} ${parseJson(object ?? '').metadata.name}`);
    if (seen.length === 2) break;
  }
  await writing;
  t.strictSame(seen, ['ADDED w', 'DELETED w']);
});

t.test('subresources: status, scale, binding, eviction', async (t) => {
  await resources.Create({ ref: deployments, object: body(deployment('d')) });
  const ref = { ...deployments, name: 'd' };
  const patch = { content_type: 'application/merge-patch+json', patch: body({ status: { replicas: 3 } }) };
  t.equal(parsed(await resources.Patch({ ref: { ...ref, subresource: 'status' }, ...patch })).status?.replicas, 3);
  t.equal(parsed(await resources.Get({ ref: { ...ref, subresource: 'scale' } })).kind, 'Scale');
  const pods = { group: '', version: 'v1', resource: 'pods', namespace: 'default' };
  await resources.Create({ ref: pods, object: body(pod('p')) });
  const bind = body({
    apiVersion: 'v1',
    kind: 'Binding',
    metadata: { name: 'p' },
    target: { kind: 'Node', name: 'n' },
  });
  t.equal(
    parsed(await resources.Create({ ref: { ...pods, name: 'p', subresource: 'binding' }, object: bind })).status,
    'Success',
  );
  t.equal(parsed(await resources.Get({ ref: { ...pods, name: 'p' } })).spec.nodeName, 'n');
});

t.test('a refusal carries the Status of REST', async (t) => {
  t.match(await status(resources.Get({ ref: { ...maps, name: 'none' } })), {
    rpc: StatusCode.NOT_FOUND,
    reason: 'NotFound',
    message: 'configmaps "none" not found',
    code: 404,
  });
  const invalid = await status(
    resources.Create({ ref: deployments, object: body({ metadata: { name: 'x' }, spec: {} }) }),
  );
  t.match(invalid, { rpc: StatusCode.INVALID_ARGUMENT, reason: 'Invalid', details: { causes: Array } });
  t.match(await status(resources.Get({ ref: { ...maps, resource: 'nothings', name: 'x' } })), {
    rpc: StatusCode.NOT_FOUND,
  });
  t.match(await status(resources.Get({ ref: { ...maps, namespace: 'a/../b', name: 'x' } })), { reason: 'BadRequest' });
  t.match(await status(resources.Create({ ref: { ...maps, name: 'x', subresource: 'scale' }, object: body({}) })), {
    code: 404,
  });
  t.match(await status(resources.Create({ ref: maps, object: Buffer.from('{') })), { reason: 'BadRequest' });
  t.match(await status(resources.Delete({ ref: maps })), { reason: 'MethodNotAllowed' });
});
