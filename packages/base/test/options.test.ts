import t from 'tap';
import { type OptionTable, describeOptions, parseOptions } from '@flotilla/base';

const table = {
  name: { kind: 'string', default: 'default', help: 'name of the member' },
  'data-dir': { kind: 'string', help: 'directory of the data' },
  'election-timeout': { kind: 'integer', default: 1000, min: 10, max: 50_000, help: 'milliseconds' },
  'strict-reconfig-check': { kind: 'boolean', default: true, help: 'refuse risky changes' },
  'listen-client-urls': { kind: 'list', default: ['http://localhost:2379'], help: 'where clients connect' },
} as const satisfies OptionTable;

const parse = (argv: string[], env: Record<string, string> = {}) =>
  parseOptions(table, { argv, env, envPrefix: 'ETCD_' });

t.test('flags take every usual form', (t) => {
  const values = parse([
    '--name=a',
    '-data-dir',
    '/x',
    '--strict-reconfig-check=false',
    '--listen-client-urls',
    'b, c',
  ]);
  t.equal(values.name, 'a');
  t.equal(values['data-dir'], '/x');
  t.equal(values['strict-reconfig-check'], false);
  t.same(values['listen-client-urls'], ['b', 'c']);
  t.equal(values['election-timeout'], 1000);
  t.end();
});

t.test('a flag wins over the environment, the environment over the default', (t) => {
  const env = { ETCD_NAME: 'from-env', ETCD_ELECTION_TIMEOUT: '500' };
  t.equal(parse([], env).name, 'from-env');
  t.equal(parse(['--name', 'flag'], env).name, 'flag');
  t.equal(parse([], env)['election-timeout'], 500);
  t.end();
});

t.test('all problems are reported at once', (t) => {
  try {
    parse(['--election-timeout=5', '--nope', 'stray', '--strict-reconfig-check=maybe', '--name']);
    t.fail('must throw');
  } catch (error) {
    t.match(error, { code: 'INVALID_OPTIONS' });
    const lines = (error as Error).message.split('\n');
    t.same(lines, [
      'unknown flag --nope',
      'unexpected argument "stray"',
      'flag --name needs a value',
      '--election-timeout: "5" is not a whole number from 10 to 50000',
      '--strict-reconfig-check: "maybe" is neither true nor false',
    ]);
  }
  t.end();
});

t.test('the help text names every flag, its default and its variable', (t) => {
  const help = describeOptions(table, 'ETCD_');
  t.match(help, /--election-timeout INTEGER\s+milliseconds \(default 1000\) \[ETCD_ELECTION_TIMEOUT\]/);
  t.equal(help.trimEnd().split('\n').length, Object.keys(table).length);
  t.end();
});
