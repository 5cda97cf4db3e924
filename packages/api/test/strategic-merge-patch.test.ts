import {
  applyMergePatch,
  applyStrategicMergePatch,
  deepEqual,
  deployments,
  pods,
  serviceAccounts,
} from '@flotilla/api';
import fc from 'fast-check';
import t from 'tap';

type Json = Readonly<Record<string, unknown>>;

function patchPod(spec: Json, patch: Json): unknown {
  return applyStrategicMergePatch(pods.model, { spec }, { spec: patch })['spec'];
}

void t.test('lists with a merge key are merged item by item', (t) => {
  const spec = {
    containers: [
      { name: 'a', image: '1', args: ['x'] },
      { name: 'b', image: '1' },
    ],
  };
  t.same(patchPod(spec, { containers: [{ name: 'a', image: '2' }, { name: 'c' }] }), {
    containers: [{ name: 'a', image: '2', args: ['x'] }, { name: 'b', image: '1' }, { name: 'c' }],
  });
  t.same(
    patchPod(spec, { containers: [{ name: 'a', args: ['y'] }] }),
    {
      containers: [
        { name: 'a', image: '1', args: ['y'] },
        { name: 'b', image: '1' },
      ],
    },
    'a list without a merge key is replaced',
  );
  t.same(patchPod(spec, { containers: [{ name: 'a', image: null }] }), {
    containers: [
      { name: 'a', args: ['x'] },
      { name: 'b', image: '1' },
    ],
  });
  t.same(spec.containers.length, 2, 'the target stays as it is');
  t.end();
});

void t.test('directives delete, replace and merge', (t) => {
  const spec = { containers: [{ name: 'a', image: '1' }, { name: 'b' }], nodeSelector: { x: '1', y: '2' } };
  t.same(patchPod(spec, { containers: [{ name: 'a', $patch: 'delete' }] }), { ...spec, containers: [{ name: 'b' }] });
  t.same(patchPod(spec, { containers: [{ $patch: 'replace' }, { name: 'z' }] }), {
    ...spec,
    containers: [{ name: 'z' }],
  });
  t.same(patchPod(spec, { nodeSelector: { $patch: 'replace', z: '3' } }), { ...spec, nodeSelector: { z: '3' } });
  t.same(patchPod(spec, { nodeSelector: { $patch: 'delete' } }), { ...spec, nodeSelector: {} });
  t.same(patchPod(spec, { nodeSelector: { $patch: 'merge', x: null } }), { ...spec, nodeSelector: { y: '2' } });
  t.same(patchPod(spec, { nodeSelector: null }), { containers: spec.containers });
  t.throws(() => patchPod(spec, { nodeSelector: { $patch: 'melt' } }), {
    message: 'Unknown patch type found: "melt"',
    code: 400,
  });
  t.throws(() => patchPod(spec, { containers: [{ image: 'x' }] }), {
    message: /does not contain declared merge key: name/u,
    code: 400,
  });
  t.end();
});

void t.test('a directive for what is not there leaves nothing behind', (t) => {
  t.same(patchPod({}, { containers: [{ name: 'a', $patch: 'delete' }] }), { containers: [] });
  t.same(patchPod({}, { containers: [{ name: 'a', image: null, env: [{ name: 'X', value: null }] }] }), {
    containers: [{ name: 'a', env: [{ name: 'X' }] }],
  });
  t.same(patchPod({}, { securityContext: { runAsUser: 1, runAsGroup: null } }), { securityContext: { runAsUser: 1 } });
  t.end();
});

void t.test('$retainKeys drops what the new variant does not have', (t) => {
  const spec = { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } } };
  const patched = applyStrategicMergePatch(
    deployments.model,
    { spec },
    { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } },
  );
  t.same(patched, { spec: { strategy: { type: 'Recreate' } } });
  const volumes = [
    { name: 'v', emptyDir: {} },
    { name: 'w', emptyDir: {} },
  ];
  t.same(
    patchPod({ volumes }, { volumes: [{ $retainKeys: ['name', 'hostPath'], name: 'v', hostPath: { path: '/x' } }] }),
    {
      volumes: [
        { name: 'v', hostPath: { path: '/x' } },
        { name: 'w', emptyDir: {} },
      ],
    },
  );
  t.throws(() => patchPod({ volumes }, { volumes: [{ $retainKeys: ['name'], name: 'v', hostPath: {} }] }), {
    code: 400,
  });
  t.end();
});

void t.test('$setElementOrder orders what it names and leaves others where they stood', (t) => {
  const items = (...names: readonly string[]): readonly Json[] => names.map((name) => ({ name }));
  const order = (...names: readonly string[]): Json => ({ '$setElementOrder/containers': items(...names) });
  t.same(patchPod({ containers: items('a', 'b', 'c') }, order('c', 'a', 'b')), { containers: items('c', 'a', 'b') });
  t.same(patchPod({ containers: items('a', 'server', 'b') }, { ...order('b', 'new', 'a'), containers: items('new') }), {
    containers: items('server', 'b', 'new', 'a'),
  });
  t.same(
    patchPod(
      { containers: items('a', 'b') },
      { ...order('b', 'x'), containers: [{ name: 'a', $patch: 'delete' }, { name: 'x' }] },
    ),
    {
      containers: items('b', 'x'),
    },
  );
  t.end();
});

void t.test('lists of scalars that merge are sets', (t) => {
  const metadata = { finalizers: ['a/x', 'b/x'] };
  const patch = (change: Json): unknown =>
    applyStrategicMergePatch(serviceAccounts.model, { metadata }, { metadata: change })['metadata'];
  t.same(patch({ finalizers: ['c/x', 'a/x'] }), { finalizers: ['a/x', 'b/x', 'c/x'] });
  t.same(patch({ '$deleteFromPrimitiveList/finalizers': ['a/x'] }), { finalizers: ['b/x'] });
  t.same(patch({ '$setElementOrder/finalizers': ['b/x', 'a/x'] }), { finalizers: ['b/x', 'a/x'] });
  t.end();
});

const scalar = fc.constantFrom<unknown>(1, 'x', true, null);
const plain = fc.dictionary(
  fc.constantFrom('a', 'b', 'c'),
  fc.oneof(scalar, fc.dictionary(fc.constantFrom('d', 'e'), scalar)),
);

/** JSON merge patch, word by word as its RFC has it. */
function obviously(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null) return patch;
  const result: Record<string, unknown> = typeof target === 'object' && target !== null ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) Reflect.deleteProperty(result, key);
    else result[key] = obviously(result[key], value);
  }
  return result;
}

void t.test('without lists and directives both merge patches do what RFC 7386 says', (t) => {
  fc.assert(
    fc.property(plain, plain, (target, patch) => {
      const wanted = obviously(target, patch);
      return (
        deepEqual(applyMergePatch(target, patch), wanted) &&
        deepEqual(applyStrategicMergePatch(pods.model, target, patch), wanted)
      );
    }),
  );
  t.end();
});

const container = fc.record({ name: fc.constantFrom('a', 'b', 'c', 'd'), image: fc.constantFrom('1', '2') });
const containerList = fc.uniqueArray(container, { selector: ({ name }) => name, maxLength: 4 });

void t.test('merging lists by key is merging maps, in the order of the target and then of the patch', (t) => {
  fc.assert(
    fc.property(containerList, containerList, (target, patch) => {
      const byName = new Map([...target, ...patch].map((item) => [item.name, item]));
      return deepEqual(patchPod({ containers: target }, { containers: patch }), { containers: [...byName.values()] });
    }),
  );
  t.end();
});
