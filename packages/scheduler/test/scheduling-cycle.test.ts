import type { LabelRequirements, Node, Pod } from '@flotilla/api';
import { requirementsOfMap } from '@flotilla/api';
import { clientOver } from '@flotilla/api-client';
import { seededRandomness } from '@flotilla/base';
import fc from 'fast-check';
import t from 'tap';
import { NodeTable, createProfile, defaultProfile, runSchedulingCycle } from '@flotilla/scheduler';
import { type PodDraft, node, pod } from './objects.ts';

// A scheduling cycle writes nothing, so the profile's binder is never called.
const transport = new Proxy({} as Parameters<typeof clientOver>[0], {
  get: () => {
    throw new Error('a scheduling cycle must not call the API');
  },
});
const client = clientOver(transport, { fieldManager: 'test', fence: undefined });

interface Cluster {
  readonly nodes: readonly Node[];
  readonly placed?: readonly (readonly [Pod, string])[];
  readonly group?: (pod: Pod) => LabelRequirements | undefined;
}

function tableOf({ nodes, placed = [] }: Cluster): NodeTable {
  const table = new NodeTable();
  for (const one of nodes) table.putNode(one);
  for (const [one, name] of placed) table.putPod(`${one.metadata.namespace}/${one.metadata.name}`, one, name);
  return table;
}

function schedule(one: Pod, cluster: Cluster, table = tableOf(cluster)): string {
  const profile = defaultProfile({ client, groupSelector: cluster.group ?? (() => undefined) });
  const result = runSchedulingCycle({ pod: one, nodes: table, profile, randomness: seededRandomness(1) });
  return result.outcome === 'fits' ? result.node : result.diagnosis.message;
}

t.test('a cluster without nodes says so', (t) => {
  t.equal(schedule(pod('p'), { nodes: [] }), 'no nodes available to schedule pods');
  t.end();
});

t.test('every cause that kept nodes out is counted in the message', (t) => {
  const nodes = [
    node('small', { cpu: '1' }),
    node('small-too', { cpu: '1' }),
    node('cordoned', { unschedulable: true }),
    node('tainted', { taints: [{ key: 'gpu', value: 'yes', effect: 'NoSchedule' }] }),
    node('full', { pods: '0' }),
  ];
  t.equal(
    schedule(pod('p', { cpu: '2' }), { nodes }),
    '0/5 nodes are available: 1 Too many pods, 1 node(s) had untolerated taint {gpu: yes}, ' +
      '1 node(s) were unschedulable, 2 Insufficient cpu.',
  );
  t.end();
});

t.test('NodeResourcesFit counts what is on a node already', (t) => {
  const nodes = [node('a', { cpu: '2' }), node('b', { cpu: '2' })];
  t.equal(schedule(pod('p', { cpu: '1500m' }), { nodes, placed: [[pod('q', { cpu: '1' }), 'a']] }), 'b');
  t.end();
});

t.test('NodeResourcesFit takes the larger of the containers together and the largest init container', (t) => {
  const resources = (cpu: string) => ({ resources: { requests: { cpu } } });
  const withInit = (cpu: string): Pod => {
    const one = pod('p', { cpu: '1', initContainers: [{ name: 'init', image: 'node', ...resources(cpu) }] });
    return one;
  };
  t.equal(schedule(withInit('1500m'), { nodes: [node('a', { cpu: '2' })] }), 'a');
  t.match(schedule(withInit('3'), { nodes: [node('a', { cpu: '2' })] }), /Insufficient cpu/);
  t.end();
});

t.test('a sidecar counts beside the containers', (t) => {
  const sidecar = { name: 's', image: 'node', restartPolicy: 'Always', resources: { requests: { cpu: '1500m' } } };
  const one = pod('p', { cpu: '1', initContainers: [sidecar] });
  t.match(schedule(one, { nodes: [node('a', { cpu: '2' })] }), /Insufficient cpu/);
  t.end();
});

t.test('NodeName keeps a pod to the node it names', (t) => {
  const nodes = [node('a'), node('b')];
  t.equal(schedule(pod('p', { nodeName: 'b' }), { nodes }), 'b');
  t.match(schedule(pod('p', { nodeName: 'c' }), { nodes }), /2 node\(s\) didn't match the requested node name/);
  t.end();
});

t.test('tolerations open tainted and cordoned nodes', (t) => {
  const nodes = [node('a', { taints: [{ key: 'k', value: 'v', effect: 'NoExecute' }], unschedulable: true })];
  const cordon = { key: 'node.kubernetes.io/unschedulable', operator: 'Exists' };
  const tolerating = (...tolerations: NonNullable<PodDraft['tolerations']>): string =>
    schedule(pod('p', { tolerations }), { nodes });
  t.equal(tolerating(cordon, { key: 'k', value: 'v' }), 'a');
  t.equal(tolerating({ operator: 'Exists' }), 'a');
  t.match(tolerating(cordon, { key: 'k', value: 'other' }), /untolerated taint/);
  t.match(tolerating(cordon, { key: 'k', value: 'v', effect: 'NoSchedule' }), /untolerated taint/);
  t.end();
});

t.test('a node with fewer untolerated PreferNoSchedule taints is better', (t) => {
  const nodes = [node('a', { taints: [{ key: 'k', effect: 'PreferNoSchedule' }] }), node('b')];
  t.equal(schedule(pod('p'), { nodes }), 'b');
  t.end();
});

t.test('nodeSelector and required affinity must both hold; alternatives are terms', (t) => {
  const nodes = [node('a', { labels: { disk: 'ssd', zone: '1' } }), node('b', { labels: { disk: 'ssd', zone: '2' } })];
  const affinity = (...zones: string[]) => ({
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: zones.map((zone) => ({
          matchExpressions: [{ key: 'zone', operator: 'In', values: [zone] }],
        })),
      },
    },
  });
  t.equal(schedule(pod('p', { nodeSelector: { disk: 'ssd' }, affinity: affinity('2', '3') }), { nodes }), 'b');
  t.match(
    schedule(pod('p', { nodeSelector: { disk: 'hdd' }, affinity: affinity('2') }), { nodes }),
    /2 node\(s\) didn't match Pod's node affinity\/selector/,
  );
  t.end();
});

t.test('an affinity that names its node is placed there without a scan', (t) => {
  const byName = (...values: string[]) => ({
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values }] }],
      },
    },
  });
  const nodes = [node('a'), node('b'), node('c')];
  t.equal(schedule(pod('p', { affinity: byName('c') }), { nodes }), 'c');
  t.match(schedule(pod('p', { affinity: byName('gone') }), { nodes }), /3 node\(s\) didn't match/);
  t.end();
});

t.test('preferred affinity decides between nodes that both fit', (t) => {
  const nodes = [node('a'), node('b', { labels: { fast: 'yes' } })];
  const preference = { matchExpressions: [{ key: 'fast', operator: 'Exists' }] };
  const affinity = {
    nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 5, preference }] },
  };
  t.equal(schedule(pod('p', { affinity }), { nodes }), 'b');
  t.end();
});

t.test('the emptier node is better', (t) => {
  const nodes = [node('a'), node('b')];
  t.equal(schedule(pod('p', { cpu: '1' }), { nodes, placed: [[pod('q', { cpu: '1', memory: '1Gi' }), 'a']] }), 'b');
  t.end();
});

t.test('pods of one service are spread over the nodes by default', (t) => {
  const web = { app: 'web' };
  const cluster: Cluster = { nodes: ['a', 'b', 'c'].map((name) => node(name)), group: () => requirementsOfMap(web) };
  const table = tableOf(cluster);
  const chosen: string[] = [];
  for (let i = 0; i < 6; i++) {
    const one = pod(`web-${i}`, { labels: web });
    const name = schedule(one, cluster, table);
    chosen.push(name);
    table.putPod(`default/web-${i}`, one, name);
  }
  t.same(chosen.slice(0, 3).sort(), ['a', 'b', 'c']);
  t.same(chosen.slice(3).sort(), ['a', 'b', 'c']);
  t.end();
});

t.test('DoNotSchedule refuses the node that would be too uneven, and one without the label', (t) => {
  const web = { app: 'web' };
  const topologySpreadConstraints = [
    {
      topologyKey: 'zone',
      maxSkew: 1,
      whenUnsatisfiable: 'DoNotSchedule',
      labelSelector: { matchLabels: web },
    },
  ];
  const nodes = [node('a', { labels: { zone: '1' } }), node('b', { labels: { zone: '2' }, cpu: '1' }), node('c')];
  const one = pod('p', { labels: web, cpu: '2', topologySpreadConstraints });
  t.equal(schedule(one, { nodes }), 'a');
  t.equal(
    schedule(one, { nodes, placed: [[pod('q', { labels: web }), 'a']] }),
    "0/3 nodes are available: 1 Insufficient cpu, 1 node(s) didn't match pod topology spread constraints, " +
      "1 node(s) didn't match pod topology spread constraints (missing required label).",
  );
  t.end();
});

t.test('pods placed one after the other never ask for more than a node has', (t) => {
  const amounts = fc.record({ cpu: fc.integer({ min: 0, max: 3000 }), memory: fc.integer({ min: 0, max: 4096 }) });
  fc.assert(
    fc.property(
      fc.array(amounts, { minLength: 1, maxLength: 4 }),
      fc.array(amounts, { maxLength: 30 }),
      (sizes, asks) => {
        const nodes = sizes.map(({ cpu, memory }, i) =>
          node(`n${i}`, { cpu: `${cpu}m`, memory: `${memory}Mi`, pods: '5' }),
        );
        const cluster = { nodes };
        const table = tableOf(cluster);
        const used = new Map<string, { cpu: number; memory: number; pods: number }>();
        asks.forEach(({ cpu, memory }, i) => {
          const one = pod(`p${i}`, { cpu: `${cpu}m`, memory: `${memory}Mi` });
          const name = schedule(one, cluster, table);
          const row = sizes[Number(name.slice(1))];
          if (!name.startsWith('n') || !row) {
            const fitsSomewhere = sizes.some((size, n) => {
              const now = used.get(`n${n}`) ?? { cpu: 0, memory: 0, pods: 0 };
              return now.cpu + cpu <= size.cpu && now.memory + memory <= size.memory && now.pods < 5;
            });
            if (fitsSomewhere) throw new Error(`p${i} fits, but: ${name}`);
            return;
          }
          const before = used.get(name) ?? { cpu: 0, memory: 0, pods: 0 };
          const now = { cpu: before.cpu + cpu, memory: before.memory + memory, pods: before.pods + 1 };
          if (now.cpu > row.cpu || now.memory > row.memory || now.pods > 5)
            throw new Error(`${name} is over-committed`);
          used.set(name, now);
          table.putPod(`default/p${i}`, one, name);
        });
      },
    ),
    { numRuns: 100 },
  );
  t.end();
});

t.test('a profile needs one queue sorter and a binder, and names no plugin twice', (t) => {
  t.throws(() => createProfile('mine', [{ plugin: { name: 'A' } }, { plugin: { name: 'A' }, weight: 0 }]), {
    message:
      'profile mine: plugin A is listed twice; the weight of A must be above 0; ' +
      'exactly one plugin must sort the queue, not 0; no plugin binds',
  });
  t.end();
});
