import {
  configMaps,
  decodeObject,
  endpointSlices,
  events,
  fieldErrorText,
  kindRegistry,
  builtinKinds,
  kinds,
  leases,
  namespaces,
  nodes,
  pods,
  secrets,
  services,
  type Kind,
  type KubeObject,
} from '@flotilla/api';
import t from 'tap';

type Json = Readonly<Record<string, unknown>>;

function created<T extends KubeObject>(kind: Kind<T>, body: Json): T {
  const metadata = { name: 'x', ...(kind.namespaced && { namespace: 'default' }), resourceVersion: '1' };
  const { object } = decodeObject(kind, { metadata, ...body });
  return kind.strategy.prepareForCreate(kind.defaults(object));
}

function problems<T extends KubeObject>(kind: Kind<T>, body: Json): readonly string[] {
  return kind.validate(created(kind, body)).map(fieldErrorText);
}

/** What an update of `before` to `after` meets. */
function updateProblems<T extends KubeObject>(kind: Kind<T>, before: Json, after: Json): readonly string[] {
  const old = created(kind, before);
  return kind.validateUpdate(kind.strategy.prepareForUpdate(created(kind, after), old), old).map(fieldErrorText);
}

void t.test('kinds are found by resource and by type', (t) => {
  t.equal(builtinKinds.byResource({ group: '', version: 'v1', resource: 'pods' }), pods);
  t.equal(builtinKinds.byKind({ group: 'coordination.k8s.io', version: 'v1', kind: 'Lease' }), leases);
  t.equal(builtinKinds.byType({ apiVersion: 'v1', kind: 'Node' }), nodes);
  t.equal(builtinKinds.byResource({ group: 'apps', version: 'v1', resource: 'pods' }), undefined);
  t.throws(() => kindRegistry([...kinds, pods]), { message: 'two kinds are registered as v1 pods' });
  t.end();
});

void t.test('objects lie where Kubernetes lays them', (t) => {
  const prefixes = Object.fromEntries(kinds.map(({ plural, storagePrefix }) => [plural, storagePrefix]));
  t.same(prefixes, {
    configmaps: '/registry/configmaps/',
    events: '/registry/events/',
    namespaces: '/registry/namespaces/',
    nodes: '/registry/minions/',
    pods: '/registry/pods/',
    secrets: '/registry/secrets/',
    serviceaccounts: '/registry/serviceaccounts/',
    services: '/registry/services/specs/',
    deployments: '/registry/deployments/',
    replicasets: '/registry/replicasets/',
    leases: '/registry/leases/',
    endpointslices: '/registry/endpointslices/',
  });
  t.end();
});

void t.test('a service gets what Kubernetes fills in', (t) => {
  t.same(created(services, { spec: { ports: [{ port: 80 }] } }).spec, {
    type: 'ClusterIP',
    sessionAffinity: 'None',
    internalTrafficPolicy: 'Cluster',
    ipFamilies: ['IPv4'],
    ipFamilyPolicy: 'SingleStack',
    ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }],
  });
  t.match(created(services, { spec: { clusterIP: 'None' } }).spec, { clusterIP: 'None', clusterIPs: ['None'] });
  t.match(created(services, { spec: { sessionAffinity: 'ClientIP', type: 'NodePort' } }).spec, {
    externalTrafficPolicy: 'Cluster',
    sessionAffinityConfig: { clientIP: { timeoutSeconds: 10800 } },
  });
  t.end();
});

void t.test('a service is checked', (t) => {
  t.same(problems(services, { spec: { type: 'Magic' } }), [
    'spec.ports: Required value',
    'spec.type: Unsupported value: "Magic": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"',
  ]);
  t.same(problems(services, { spec: { clusterIP: 'None' } }), []);
  t.same(problems(services, { spec: { ports: [{ port: 0 }, { port: 1, name: 'a', nodePort: 5 }] } }), [
    'spec.ports[0].name: Required value',
    'spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive',
    'spec.ports[0].targetPort: Invalid value: 0: must be between 1 and 65535, inclusive',
    "spec.ports[1].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'",
  ]);
  t.match(problems(services, { metadata: { name: '1x', namespace: 'default' }, spec: { ports: [{ port: 1 }] } }), [
    /^metadata\.name: Invalid value: "1x": a DNS-1035 label must consist/u,
  ]);
  t.same(problems(services, { spec: { type: 'ExternalName' } }), ['spec.externalName: Required value']);
  t.end();
});

void t.test('an update of a service keeps what was allocated', (t) => {
  const spec = { type: 'NodePort', clusterIP: '10.0.0.1', ports: [{ name: 'a', port: 80, nodePort: 30080 }] };
  const old = created(services, { spec });
  const kept = services.strategy.prepareForUpdate(
    created(services, { spec: { type: 'NodePort', ports: [{ name: 'a', port: 80 }] } }),
    old,
  );
  t.match(kept.spec, { clusterIP: '10.0.0.1', clusterIPs: ['10.0.0.1'], ports: [{ nodePort: 30080 }] });
  t.same(updateProblems(services, { spec }, { spec: { ...spec, clusterIP: '10.0.0.2' } }), [
    'spec.clusterIPs[0]: Invalid value: ["10.0.0.2"]: may not change once set',
    'spec.clusterIP: Invalid value: "10.0.0.2": field is immutable',
  ]);
  t.end();
});

void t.test('a namespace begins active, named by a label, held by its finalizer', (t) => {
  const namespace = created(namespaces, {});
  t.same(namespace.metadata.labels, { 'kubernetes.io/metadata.name': 'x' });
  t.same(namespace.spec, { finalizers: ['kubernetes'] });
  t.same(namespace.status, { phase: 'Active' });
  t.same(namespaces.strategy.prepareForUpdate({ ...namespace, spec: {} }, namespace).spec, {
    finalizers: ['kubernetes'],
  });
  t.end();
});

void t.test('a node registers with its status, and can give what it has', (t) => {
  const node = created(nodes, {
    status: { capacity: { cpu: '2' } },
    spec: { taints: [{ key: 'a', effect: 'NoSchedule' }] },
  });
  t.same(node.status, { capacity: { cpu: '2' }, allocatable: { cpu: '2' } });
  const taints = [
    { key: 'a', effect: 'NoSchedule' },
    { key: 'a', effect: 'NoSchedule', value: 'b' },
    { key: 'b', effect: 'Go' },
  ];
  t.same(problems(nodes, { spec: { taints } }), [
    'spec.taints[1]: Duplicate value: {"key":"a","effect":"NoSchedule","value":"b"}: taints must be unique by key and effect pair',
    'spec.taints[2].effect: Unsupported value: "Go": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
  ]);
  t.same(problems(nodes, { metadata: { name: 'x', namespace: 'y' } }), [
    'metadata.namespace: Forbidden: not allowed on this type',
  ]);
  t.end();
});

void t.test('string data of a secret is stored as base64', (t) => {
  const secret = created(secrets, { stringData: { a: 'hi' }, data: { a: 'eA==', b: 'eA==' } });
  t.match(secret, { type: 'Opaque', data: { a: 'aGk=', b: 'eA==' } });
  t.notOk('stringData' in secret);
  t.same(problems(secrets, { type: 'kubernetes.io/tls', data: { 'tls.crt': '' } }), ['data[tls.key]: Required value']);
  t.same(updateProblems(secrets, {}, { type: 'other' }), ['type: Invalid value: "other": field is immutable']);
  t.end();
});

void t.test('what is sealed stays as it is', (t) => {
  const sealed = { immutable: true, data: { a: '1' } };
  const text = 'Forbidden: field is immutable when `immutable` is set';
  t.same(updateProblems(configMaps, sealed, { data: { a: '2' } }), [`immutable: ${text}`, `data: ${text}`]);
  t.same(updateProblems(configMaps, sealed, sealed), []);
  t.match(problems(configMaps, { data: { 'a/b': '' } }), [
    /^data\[a\/b\]: Invalid value: "a\/b": a valid config key must consist of/u,
  ]);
  t.same(problems(configMaps, { data: { a: 'x'.repeat(1024 * 1024 + 1) } }), [
    ': Too long: may not be more than 1048576 bytes',
  ]);
  t.end();
});

void t.test('an endpoint slice may name loopback addresses', (t) => {
  const slice = (address: string, addressType = 'IPv4'): Json => ({
    addressType,
    endpoints: [{ addresses: [address] }],
    ports: [{ port: 80 }],
  });
  t.same(problems(endpointSlices, slice('127.1.2.3')), []);
  t.same(created(endpointSlices, slice('127.1.2.3')).ports, [{ name: '', port: 80, protocol: 'TCP' }]);
  t.same(problems(endpointSlices, slice('::1')), [
    'endpoints[0].addresses[0]: Invalid value: "::1": must be an IPv4 address',
  ]);
  t.same(problems(endpointSlices, { endpoints: [{}] }).slice(0, 2), [
    'addressType: Required value',
    'endpoints[0].addresses: Required value: must contain at least 1 address',
  ]);
  t.same(updateProblems(endpointSlices, slice('1.2.3.4'), slice('::1', 'IPv6')), [
    'addressType: Invalid value: "IPv6": field is immutable',
  ]);
  t.end();
});

void t.test('an event lies where its object lies, and not for long', (t) => {
  t.same(problems(events, { involvedObject: { namespace: 'other' } }), [
    'involvedObject.namespace: Invalid value: "other": does not match event.namespace',
  ]);
  t.same(problems(events, { involvedObject: { kind: 'Node', name: 'n' } }), []);
  t.equal(events.strategy.ttlSeconds, 3600);
  t.end();
});

void t.test('a lease lasts', (t) => {
  t.same(problems(leases, { spec: { leaseDurationSeconds: 0, leaseTransitions: -1 } }), [
    'spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0',
    'spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0',
  ]);
  t.notOk(leases.strategy.allowUnconditionalUpdate);
  t.end();
});
