import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OperatingError } from '@flotilla/base';
import { loadClusterConfig, parseClusterConfig } from '@flotilla/cli';
import t from 'tap';

const configs = fileURLToPath(new URL('../../../cluster-configs/', import.meta.url));

function problemsOf(source: string): readonly string[] {
  try {
    parseClusterConfig(source, 'test.yaml');
  } catch (error) {
    if (error instanceof OperatingError && error.code === 'CONFIG_INVALID') return error.message.split('\n');
    throw error;
  }
  return [];
}

const small = `
brain: { members: [{ name: b }] }
apiServers: [{ name: a }]
kubelets: [{ name: n }]
network: { podRange: 127.20.0.0/16, serviceRange: 127.21.0.0/16 }
ports: auto
`;

void t.test('every config of the repository is valid and named as its file', (t) => {
  const files = readdirSync(configs);
  t.ok(files.includes('local.yaml') && files.includes('single.yaml'));
  for (const file of files) t.equal(`${loadClusterConfig(join(configs, file)).name}.yaml`, file);
  t.end();
});

void t.test('local.yaml is the cluster that its documentation promises', (t) => {
  const config = loadClusterConfig(join(configs, 'local.yaml'));
  t.match(config, {
    processes: 'separate',
    schedulers: 2,
    controllers: 2,
    electionTtlSeconds: 5,
    nodes: { monitorGraceSeconds: 10 },
  });
  t.same(
    config.brain.members.map(({ clientPort, peerPort }) => [clientPort, peerPort]),
    [
      [2379, 2380],
      [22379, 22380],
      [32379, 32380],
    ],
  );
  t.equal(config.apiServers.length, 2);
  t.equal(config.kubelets.length, 3);
  t.end();
});

void t.test('what is left out has the documented value', (t) => {
  t.match(parseClusterConfig(small, 'some/dir/mine.yaml'), {
    name: 'mine',
    processes: 'separate',
    schedulers: 1,
    electionTtlSeconds: 5,
    brain: { heartbeatIntervalMs: 100, electionTimeoutMs: 1000, members: [{ clientPort: 0 }] },
  });
  t.end();
});

void t.test('all problems are reported at once, with file, line, path and what to do', (t) => {
  const source = `name: Bad_Name
brain:
  members:
    - { name: b, clientPort: 99999 }
    - { name: c, clientPort: x, port: 1 }
apiServers: []
kubelets: [{ name: n }]
network: { podRange: 10.0.0.0/8, serviceRange: 127.21.0.0/16 }
scheduler: 2
`;
  t.same(problemsOf(source), [
    'test.yaml:9: scheduler is not known here; known are name, processes, restart, ports, frontDoor, brain, apiServers, schedulers, controllers, kubelets, electionTtlSeconds, nodes, network',
    'test.yaml:1: name must be a name of lower case letters, digits and dashes, not "Bad_Name"',
    'test.yaml:4: brain.members[0].clientPort must be a whole number from 0 to 65535, not 99999',
    'test.yaml:5: brain.members[1].port is not known here; known are name, clientPort, peerPort',
    'test.yaml:5: brain.members[1].clientPort must be a whole number from 0 to 65535, not "x"',
    'test.yaml:6: apiServers must be a list of 1 to 16 entries',
    'test.yaml:8: network.podRange must be a range of loopback addresses such as 127.10.0.0/16, not "10.0.0.0/8"',
  ]);
  t.end();
});

void t.test('what concerns several fields is checked too', (t) => {
  const meaning = (replace: string, by: string): readonly string[] => problemsOf(small.replace(replace, by));
  t.match(meaning('ports: auto', 'ports: fixed')[0], /frontDoor\.port is missing: give a port, or write `ports: auto`/);
  t.match(meaning('{ name: a }', '{ name: a, port: 7 }, { name: b2, port: 7 }'), [/7 is also the port of a/]);
  t.match(meaning('{ name: n }', '{ name: a }'), [/"a" is taken/]);
  t.match(meaning('[{ name: b }]', '[{ name: b }, { name: c }]'), [/odd number of members/]);
  t.match(meaning('127.21.0.0/16', '127.20.128.0/17'), [/overlaps podRange/]);
  t.match(meaning('127.21.0.0/16', '127.21.3.0/16'), [/write 127\.21\.0\.0\/16/]);
  t.match(meaning('127.21.0.0/16', '127.0.0.0/16'), [/127\.0\.0\.0\/24/]);
  t.match(meaning('127.20.0.0/16', '127.20.0.0/25'), [/too small/]);
  t.match(meaning('brain: {', 'brain: { electionTimeoutMs: 300,'), [/at least 5 heartbeat intervals/]);
  t.end();
});

void t.test('a file that is missing or no YAML says so', (t) => {
  t.throws(() => loadClusterConfig('/nowhere/x.yaml'), { code: 'CONFIG_UNREADABLE', message: /\/nowhere\/x\.yaml/ });
  t.match(problemsOf('a: [1,\nb: }'), [/^test\.yaml: /]);
  t.match(problemsOf('just text')[0], /test\.yaml:1: the config must be a mapping/);
  t.end();
});

void t.test('the example has a deployment and a service', (t) => {
  const source = readFileSync(fileURLToPath(new URL('../../../examples/web.yaml', import.meta.url)), 'utf8');
  t.match(source, /kind: Deployment[^]*kind: Service/);
  t.end();
});
