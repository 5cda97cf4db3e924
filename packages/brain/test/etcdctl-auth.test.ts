/** `etcdctl user`, `role`, `auth`, and what users see of the other commands: the same output from a member and from a real etcd. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import t from 'tap';
import { hasEtcd, startEtcd } from '@flotilla/store/test/etcd';
import { planCluster, startAll } from './cluster.ts';

t.setTimeout(0);

const etcdctl = '/usr/bin/etcdctl';
const skip = hasEtcd && existsSync(etcdctl) ? false : 'etcd or etcdctl is not installed';

/** Exit code, output, and the lines of the error that are not the client's own log. */
function run(endpoint: string, args: readonly string[], input: string): Promise<string> {
  const child = spawn(etcdctl, [`--endpoints=${endpoint}`, '--command-timeout=60s', ...args], {
    env: { ...process.env, ETCDCTL_API: '3' },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const [output, errors]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on('data', (data: Buffer) => output.push(data));
  child.stderr.on('data', (data: Buffer) => errors.push(data));
  // A command that reads nothing may be gone before.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  return new Promise((resolve) => {
    child.once('close', (code) => {
      const lines = Buffer.concat(errors).toString().split('\n');
      const errorLines = lines.filter((line) => line !== '' && !line.startsWith('{"level"')).join('\n');
      resolve(`${code}\n${Buffer.concat(output).toString()}${errorLines}`);
    });
  });
}

/** One after the other; a text after `<` is the input. */
const commands = `
auth enable
user add root:root
user add root:root
user add alice --interactive=false <alice
user add cert --no-password
user list
user get alice
user get nobody
role add readers
role add readers
role add all
role grant-permission readers read a
role grant-permission readers read b --prefix
role grant-permission readers readwrite k m
role grant-permission readers write f --from-key
role grant-permission nobody read a
role get readers
role revoke-permission readers a
role revoke-permission readers a
role revoke-permission readers b --prefix
role get readers
role list
role get nobody
role grant-permission all readwrite --prefix ''
user grant-role alice readers
user grant-role alice nobody
user grant-role nobody readers
user get alice
user get alice --detail
user revoke-role alice all
user grant-role root root
auth enable
user list
put l 1
--user=alice:wrong get l
--user=nobody:x get l
--user=alice:alice put l 1
--user=alice:alice get l
--user=alice:alice get l --print-value-only
--user=alice:alice get k m
--user=alice:alice get k z
--user=alice:alice put a 1
--user=alice:alice del l
--user=alice:alice user list
--user=alice:alice user get alice
--user=alice:alice user get root
--user=alice:alice role get readers
--user=alice:alice role get all
--user=alice:alice auth disable
--user=alice --password=alice get l
--user=root:root put a 1
--user=root:root get --prefix '' --keys-only
--user=root:root user passwd alice --interactive=false <other
--user=alice:alice get l
--user=alice:other get l
--user=root:root user revoke-role alice readers
--user=alice:other get l
--user=root:root user delete root
--user=root:root user revoke-role root root
--user=root:root role delete readers
--user=root:root role list
--user=root:root user delete alice
--user=root:root user delete alice
--user=alice:other get l
--user=root:root get a --consistency=s
--user=root:root txn <
--user=root:root auth disable
put b 1
auth disable
`;

t.test('etcdctl can not tell the difference', { skip }, async (t) => {
  const [plan, etcd] = [await planCluster(1, { 'bcrypt-cost': 4 }), await startEtcd(['--bcrypt-cost=4'])];
  const brains = await startAll(plan);
  t.teardown(async () => {
    await Promise.all([...brains.map((brain) => brain.close()), etcd.stop()]);
    await plan.clean();
  });
  for (const line of commands.trim().split('\n')) {
    const [command = '', input = ''] = line.split(' <');
    const args = command.split(' ').map((word) => (word === "''" ? '' : word));
    const [ours, theirs] = await Promise.all([plan.endpoints[0] ?? '', etcd.target].map((at) => run(at, args, input)));
    t.equal(ours, theirs, line);
  }
});
