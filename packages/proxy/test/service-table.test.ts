import t from 'tap';
import type { EndpointSlice, Service, ServiceSpec } from '@flotilla/api';
import { serviceTable } from '@flotilla/proxy';

function service(name: string, spec: ServiceSpec, created = '2026-01-01T00:00:00Z'): Service {
  const metadata = { name, namespace: 'default', uid: name, creationTimestamp: created };
  return { apiVersion: 'v1', kind: 'Service', metadata, spec };
}

function slice(name: string, more: Partial<EndpointSlice>): EndpointSlice {
  const labels = { 'kubernetes.io/service-name': name };
  const metadata = { name: `${name}-1`, namespace: 'default', labels };
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata,
    addressType: 'IPv4',
    endpoints: [],
    ...more,
  };
}

function table(services: readonly Service[], slices: readonly EndpointSlice[]) {
  return serviceTable({ services, slices, nodePortAddresses: ['127.0.0.1'] });
}

t.test('ports are matched by name and protocol', async (t) => {
  const ports = [
    { name: 'web', port: 80, protocol: 'TCP' },
    { name: 'admin', port: 81, protocol: 'TCP' },
  ];
  const endpoints = [{ addresses: ['127.1.0.1'], conditions: { ready: true } }];
  const sliced = [
    { name: 'admin', port: 9000, protocol: 'TCP' },
    { name: 'web', port: 8080, protocol: 'TCP' },
  ];
  const routes = table(
    [service('web', { clusterIP: '127.9.0.1', ports })],
    [slice('web', { endpoints, ports: sliced })],
  );
  t.same(routes.get('TCP 127.9.0.1:80')?.endpoints, [{ address: '127.1.0.1', port: 8080 }]);
  t.same(routes.get('TCP 127.9.0.1:81')?.endpoints, [{ address: '127.1.0.1', port: 9000 }]);
});

t.test('conditions decide who gets new connections and who keeps old ones', async (t) => {
  const of = (address: string, conditions: object) => ({ addresses: [address], conditions });
  const endpoints = [
    of('ready', { ready: true }),
    of('unknown', {}),
    of('unready', { ready: false, serving: false, terminating: false }),
    of('ending', { ready: false, serving: true, terminating: true }),
    of('given-up', { ready: false, serving: false, terminating: true }),
  ];
  const ports = [{ port: 80, protocol: 'TCP' }];
  const route = table([service('web', { clusterIP: '127.9.0.1', ports })], [slice('web', { endpoints, ports })]).get(
    'TCP 127.9.0.1:80',
  );
  t.same(
    route?.endpoints.map(({ address }) => address),
    ['ready', 'unknown'],
  );
  t.same([...(route?.alive ?? [])], ['ready:80', 'unknown:80', 'unready:80', 'ending:80']);
});

t.test('slices of other services and namespaces do not count', async (t) => {
  const ports = [{ port: 80, protocol: 'TCP' }];
  const endpoints = [{ addresses: ['127.1.0.1'], conditions: { ready: true } }];
  const foreign = slice('web', { endpoints, ports });
  const elsewhere = { ...foreign, metadata: { ...foreign.metadata, namespace: 'other' } };
  const routes = table(
    [service('web', { clusterIP: '127.9.0.1', ports })],
    [slice('api', { endpoints, ports }), elsewhere],
  );
  t.same(routes.get('TCP 127.9.0.1:80')?.endpoints, []);
});

t.test('of two services with the same address and port the older one has it', async (t) => {
  const spec = { clusterIP: '127.9.0.1', ports: [{ port: 80, protocol: 'TCP' }] };
  const routes = table([service('new', spec, '2026-02-01T00:00:00Z'), service('old', spec)], []);
  t.equal(routes.get('TCP 127.9.0.1:80')?.service.metadata.name, 'old');
});

t.test('affinity, node ports and services without an address', async (t) => {
  const ports = [{ port: 80, protocol: 'TCP', nodePort: 30_080 }];
  const affine = service('affine', { clusterIP: '127.9.0.1', ports, sessionAffinity: 'ClientIP' });
  const headless = service('headless', { clusterIP: 'None', ports: [{ port: 80 }] });
  const sctp = service('sctp', { clusterIP: '127.9.0.3', ports: [{ port: 80, protocol: 'SCTP' }] });
  const routes = table([affine, headless, sctp], []);
  t.same([...routes.keys()], ['TCP 127.9.0.1:80', 'TCP 127.0.0.1:30080']);
  t.equal(routes.get('TCP 127.9.0.1:80')?.affinityMs, 10_800_000);
});
