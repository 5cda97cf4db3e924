import { parseOptions } from '@flotilla/base';
import { loadComponent, parseClusterConfig, planAll } from '@flotilla/cli';
import t from 'tap';

const source = `
name: planned
brain: { members: [{ name: b1, clientPort: 1, peerPort: 2 }] }
frontDoor: { port: 3 }
apiServers: [{ name: a1, port: 4 }, { name: a2, port: 5 }]
schedulers: 2
controllers: 1
kubelets: [{ name: n1, port: 6 }, { name: n2, port: 7 }]
network: { podRange: 127.40.0.0/16, serviceRange: 127.41.0.0/16 }
`;

const planned = planAll(parseClusterConfig(source, 'planned.yaml'), '/state');

void t.test('a config becomes one process a component, and a proxy a kubelet', (t) => {
  t.same(
    planned.map(({ name, component }) => `${component} ${name}`),
    [
      'brain b1',
      'apiserver a1',
      'apiserver a2',
      'scheduler scheduler-1',
      'scheduler scheduler-2',
      'controllers controllers-1',
      'kubelet n1',
      'proxy n1-proxy',
      'kubelet n2',
      'proxy n2-proxy',
    ],
  );
  t.end();
});

for (const { name, component, argv } of planned) {
  void t.test(`${name}: the component takes the flags that it is given`, async (t) => {
    const { options } = await loadComponent(component);
    t.doesNotThrow(() => parseOptions(options, { argv, env: {} }));
  });
}

void t.test('each node has a range of its own', (t) => {
  const ranges = planned.flatMap(({ argv }) => argv.filter((flag) => flag.startsWith('--pod-cidr=')));
  t.same(ranges, ['--pod-cidr=127.40.0.0/24', '--pod-cidr=127.40.1.0/24']);
  t.end();
});

void t.test('members of a store with TLS speak it, and so do those who come to them', (t) => {
  const secure = planAll(
    parseClusterConfig(source.replace('brain: {', 'brain: { tls: true,'), 'planned.yaml'),
    '/state',
  );
  const argvOf = (name: string): readonly string[] => secure.find((one) => one.name === name)?.argv ?? [];
  const pki = '/state/planned/pki/store';
  for (const flag of [
    '--listen-client-urls=https://127.0.0.1:1',
    '--initial-cluster=b1=https://127.0.0.1:2',
    `--cert-file=${pki}/b1-server.crt`,
    '--client-cert-auth=true',
    `--peer-key-file=${pki}/b1-peer.key`,
    '--peer-cert-allowed-cn=flotilla-member',
  ]) {
    t.ok(argvOf('b1').includes(flag), flag);
  }
  for (const flag of ['--etcd-servers=https://127.0.0.1:1', `--etcd-cafile=${pki}/ca.crt`]) {
    t.ok(argvOf('a2').includes(flag), flag);
  }
  t.notOk(
    planned.some(({ argv }) => argv.some((flag) => /https|etcd-cafile|peer-cert/.test(flag))),
    'and no others do',
  );
  t.end();
});
