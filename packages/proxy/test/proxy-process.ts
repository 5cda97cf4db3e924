/** A proxy in a process of its own, for tests that kill it: serves one cluster IP and says when it has the port. */
import { endpointSlices, services } from '@flotilla/api';
import { createMemoryServer } from '@flotilla/api-client';
import { silentLogger } from '@flotilla/base';
import { startProxy } from '@flotilla/proxy';
import { until } from './proxy-bench.ts';

const [, , clusterIP = '', endpoint = ''] = process.argv;
const port = 20_000 + (process.ppid % 20_000);
const client = createMemoryServer().client();
await client.resource(services).create({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web', namespace: 'default' },
  spec: { clusterIP, ports: [{ port, protocol: 'TCP' }] },
});
await client.resource(endpointSlices).create({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name: 'web', namespace: 'default', labels: { 'kubernetes.io/service-name': 'web' } },
  addressType: 'IPv4',
  ports: [{ name: '', port, protocol: 'TCP' }],
  endpoints: [{ addresses: [endpoint], conditions: { ready: true } }],
});
const proxy = await startProxy({ nodeName: 'owner', client, logger: silentLogger });
await until(() => proxy.routes().some(({ listening }) => listening));
process.stdout.write('serving\n');
