import {
  deployments,
  events,
  nodes,
  pods,
  services,
  tableOf,
  endpointSlices,
  configMaps,
  type Kind,
  type KubeObject,
  type Pod,
} from '@flotilla/api';
import t from 'tap';

const nowMs = Date.parse('2026-01-01T01:00:00Z');

function row<T extends KubeObject>(kind: Kind<T>, object: T, wide = false): Readonly<Record<string, unknown>> {
  const shown = kind.columns.filter(({ priority }) => wide || priority === 0);
  return Object.fromEntries(shown.map((column) => [column.name, column.cell(object, { nowMs })]));
}

type PodParts = Partial<Pick<Pod, 'spec' | 'status'>> & { readonly deletionTimestamp?: string };

function pod({ spec = { containers: [{ name: 'a' }, { name: 'b' }] }, status, deletionTimestamp }: PodParts): Pod {
  const metadata = {
    name: 'web',
    creationTimestamp: '2026-01-01T00:57:00Z',
    ...(deletionTimestamp && { deletionTimestamp }),
  };
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec, status };
}

const container = { image: '', imageID: '', ready: false, restartCount: 0 };
const running = { running: { startedAt: '2026-01-01T00:00:00Z' } };
const completed = { terminated: { exitCode: 0, reason: 'Completed' } };
const ready = { type: 'Ready', status: 'True' };

void t.test('the status of a pod is its phase, or what tells more', (t) => {
  const cases: readonly (readonly [string, PodParts])[] = [
    ['Pending', { status: { phase: 'Pending' } }],
    ['Evicted', { status: { phase: 'Failed', reason: 'Evicted' } }],
    [
      'SchedulingGated',
      {
        status: {
          phase: 'Pending',
          conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }],
        },
      },
    ],
    [
      'ErrImagePull',
      {
        status: {
          phase: 'Pending',
          containerStatuses: [{ ...container, name: 'a', state: { waiting: { reason: 'ErrImagePull' } } }],
        },
      },
    ],
    [
      'Error',
      {
        status: {
          phase: 'Failed',
          containerStatuses: [{ ...container, name: 'a', state: { terminated: { exitCode: 1, reason: 'Error' } } }],
        },
      },
    ],
    [
      'ExitCode:3',
      {
        status: {
          phase: 'Failed',
          containerStatuses: [{ ...container, name: 'a', state: { terminated: { exitCode: 3 } } }],
        },
      },
    ],
    [
      'Signal:9',
      {
        status: {
          phase: 'Failed',
          containerStatuses: [{ ...container, name: 'a', state: { terminated: { exitCode: 137, signal: 9 } } }],
        },
      },
    ],
    ['Terminating', { deletionTimestamp: '2026-01-01T00:59:00Z', status: { phase: 'Running' } }],
    ['Unknown', { deletionTimestamp: '2026-01-01T00:59:00Z', status: { phase: 'Running', reason: 'NodeLost' } }],
    ['Succeeded', { deletionTimestamp: '2026-01-01T00:59:00Z', status: { phase: 'Succeeded' } }],
  ];
  for (const [status, parts] of cases) t.equal(row(pods, pod(parts))['Status'], status, status);
  t.end();
});

void t.test('a completed container beside one that runs is not the end', (t) => {
  const containerStatuses = [
    { ...container, name: 'a', state: completed },
    { ...container, name: 'b', ready: true, state: running },
  ];
  t.match(row(pods, pod({ status: { phase: 'Running', conditions: [ready], containerStatuses } })), {
    Status: 'Running',
    Ready: '1/2',
  });
  t.match(row(pods, pod({ status: { phase: 'Running', containerStatuses } })), { Status: 'NotReady', Ready: '1/2' });
  t.end();
});

void t.test('while init containers have not ended, their progress is the status', (t) => {
  const spec = { initContainers: [{ name: 'x' }, { name: 'y' }], containers: [{ name: 'a' }] };
  const done = { ...container, name: 'x', state: completed };
  const cases: readonly (readonly [string, object])[] = [
    ['Init:1/2', running],
    ['Init:1/2', { waiting: { reason: 'PodInitializing' } }],
    ['Init:CrashLoopBackOff', { waiting: { reason: 'CrashLoopBackOff' } }],
    ['Init:Error', { terminated: { exitCode: 1, reason: 'Error' } }],
    ['Init:ExitCode:2', { terminated: { exitCode: 2 } }],
    ['Init:Signal:15', { terminated: { exitCode: 143, signal: 15 } }],
  ];
  for (const [status, state] of cases) {
    const initContainerStatuses = [done, { ...container, name: 'y', restartCount: 2, state }];
    const containerStatuses = [
      { ...container, name: 'a', restartCount: 7, state: { waiting: { reason: 'PodInitializing' } } },
    ];
    t.match(row(pods, pod({ spec, status: { phase: 'Pending', initContainerStatuses, containerStatuses } })), {
      Status: status,
      Ready: '0/1',
      Restarts: '2',
    });
  }
  t.end();
});

void t.test('a sidecar that has started counts as a container', (t) => {
  const spec = { initContainers: [{ name: 's', restartPolicy: 'Always' }], containers: [{ name: 'a' }] };
  const initContainerStatuses = [
    { ...container, name: 's', started: true, ready: true, restartCount: 1, state: running },
  ];
  const containerStatuses = [{ ...container, name: 'a', ready: true, restartCount: 2, state: running }];
  const cells = row(pods, pod({ spec, status: { phase: 'Running', initContainerStatuses, containerStatuses } }));
  t.match(cells, { Ready: '2/2', Status: 'Running', Restarts: '3' });
  t.end();
});

void t.test('restarts tell when the last one was', (t) => {
  const lastState = { terminated: { exitCode: 1, finishedAt: '2026-01-01T00:55:00Z' } };
  const containerStatuses = [{ ...container, name: 'a', restartCount: 3, lastState, state: running }];
  t.match(row(pods, pod({ status: { phase: 'Running', containerStatuses } })), { Restarts: '3 (5m ago)', Age: '3m' });
  t.end();
});

void t.test('wide columns of a pod', (t) => {
  const spec = { nodeName: 'node-1', readinessGates: [{ conditionType: 'x' }, { conditionType: 'y' }], containers: [] };
  const status = { podIPs: [{ ip: '127.1.2.3' }], conditions: [{ type: 'x', status: 'True' }] };
  t.match(row(pods, pod({ spec, status }), true), {
    IP: '127.1.2.3',
    Node: 'node-1',
    'Nominated Node': '<none>',
    'Readiness Gates': '1/2',
  });
  t.end();
});

void t.test('a node tells its readiness, roles and what it is', (t) => {
  const node = {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'n', labels: { 'node-role.kubernetes.io/worker': '', 'kubernetes.io/role': 'edge' } },
    spec: { unschedulable: true },
    status: {
      conditions: [{ type: 'Ready', status: 'Unknown' }],
      addresses: [{ type: 'InternalIP', address: '10.0.0.1' }],
    },
  };
  t.match(row(nodes, node, true), {
    Status: 'NotReady,SchedulingDisabled',
    Roles: 'edge,worker',
    Age: '<unknown>',
    'Internal-IP': '10.0.0.1',
    'External-IP': '<none>',
    'OS-Image': '<unknown>',
  });
  t.match(row(nodes, { ...node, spec: {}, status: {} }), { Status: 'Unknown' });
  t.end();
});

void t.test('services, slices, events and config maps', (t) => {
  const meta = { apiVersion: 'v1', metadata: { name: 'x', namespace: 'default' } };
  const ports = [
    { port: 80, protocol: 'TCP', nodePort: 30080 },
    { port: 53, protocol: 'UDP' },
  ];
  const service = {
    ...meta,
    kind: 'Service',
    spec: { type: 'NodePort', clusterIP: '10.0.0.1', ports, selector: { b: '2', a: '1' } },
  };
  t.match(row(services, service, true), {
    'Cluster-IP': '10.0.0.1',
    'External-IP': '<none>',
    'Port(s)': '80:30080/TCP,53/UDP',
    Selector: 'a=1,b=2',
  });
  t.match(row(services, { ...service, spec: { type: 'LoadBalancer' } }), {
    'External-IP': '<pending>',
    'Port(s)': '<none>',
  });
  const endpoints = ['1', '2', '3', '4', '5'].map((last) => ({ addresses: [`127.0.0.${last}`] }));
  t.match(row(endpointSlices, { ...meta, kind: 'EndpointSlice', addressType: 'IPv4', endpoints }), {
    Ports: '<unset>',
    Endpoints: '127.0.0.1,127.0.0.2,127.0.0.3 + 2 more...',
  });
  const event = {
    ...meta,
    kind: 'Event',
    involvedObject: { kind: 'Pod', name: 'web' },
    lastTimestamp: '2026-01-01T00:59:50Z',
    message: 'Hello\n',
  };
  t.match(row(events, event, true), {
    'Last Seen': '10s',
    Object: 'pod/web',
    Message: 'Hello',
    Count: 1,
    'First Seen': '<unknown>',
  });
  t.match(row(configMaps, { ...meta, kind: 'ConfigMap', data: { a: '1' }, binaryData: { b: '' } }), { Data: 2 });
  t.end();
});

void t.test('a table carries definitions, cells and metadata of the objects', (t) => {
  const object = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: {
      replicas: 3,
      selector: { matchLabels: { app: 'web' } },
      template: { metadata: {}, spec: { containers: [{ name: 'c', image: 'i' }] } },
      strategy: {},
    },
    status: { readyReplicas: 2, updatedReplicas: 3, availableReplicas: 1 },
  };
  const options = {
    metadata: { resourceVersion: '7' },
    nowMs,
    includeObject: 'Metadata',
    withDefinitions: true,
  } as const;
  const table = tableOf(deployments, [object], options);
  t.match(table, { kind: 'Table', apiVersion: 'meta.k8s.io/v1', metadata: { resourceVersion: '7' } });
  t.same(
    table.columnDefinitions?.map(({ name, priority }) => [name, priority]),
    [
      ['Name', 0],
      ['Ready', 0],
      ['Up-to-date', 0],
      ['Available', 0],
      ['Age', 0],
      ['Containers', 1],
      ['Images', 1],
      ['Selector', 1],
    ],
  );
  t.same(table.rows[0]?.cells, ['web', '2/3', 3, 1, '60m', 'c', 'i', 'app=web']);
  t.match(table.rows[0]?.object, { kind: 'PartialObjectMetadata', metadata: { name: 'web' } });
  t.notOk('columnDefinitions' in tableOf(deployments, [], { ...options, withDefinitions: false }));
  t.end();
});
