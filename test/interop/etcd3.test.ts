/** npm `etcd3`, as people install it, against every kind of server: locks, elections, leases, watches, transactions. */
import { Etcd3 } from 'etcd3';
import t from 'tap';
import { until } from '../conformance/etcd/rules.ts';
import { serverKinds } from '../conformance/etcd/servers.ts';

t.setTimeout(0);

for (const kind of serverKinds) {
  t.test(`npm etcd3: ${kind.name}`, async (t) => {
    const server = await kind.start({});
    const open = (): Etcd3 => new Etcd3({ hosts: server.targets.map((target) => `http://${target}`) });
    const clients = [open(), open()] as const;
    const [client, other] = clients;
    try {
      await t.test('a lock excludes, and is passed on', async (t) => {
        const held = await client.lock('jobs').ttl(30).acquire();
        await t.rejects(other.lock('jobs').acquire(), /lock/i);
        await held.release();
        const next = await other.lock('jobs').acquire();
        t.equal((await client.getAll().prefix('jobs').keys()).length, 1);
        await next.release();
      });

      await t.test('two campaigns elect one after the other', async (t) => {
        const [first, second] = [client.election('boss', 30), other.election('boss', 30)];
        const one = first.campaign('one');
        await new Promise<void>((resolve, reject) => {
          one.on('elected', () => resolve());
          one.on('error', reject);
        });
        t.equal(await first.leader(), 'one');
        const observer = await second.observe();
        const seen: string[] = [];
        observer.on('change', (value) => void seen.push(value ?? ''));
        const two = second.campaign('two');
        let elected = false;
        two.on('elected', () => (elected = true));
        two.on('error', (error) => t.fail(error.message));
        await until(async () => (await client.getAll().prefix('election/boss').keys()).length === 2);
        t.notOk(elected);
        await one.resign();
        await until(() => elected);
        t.equal(await first.leader(), 'two');
        await until(() => seen.includes('two'));
        await observer.cancel();
        await two.resign();
      });

      await t.test('leases, transactions, namespaces, watches, software transactions', async (t) => {
        const namespace = client.namespace('team/');
        const watcher = await client.watch().prefix('team/').create();
        const events: string[] = [];
        watcher.on('put', ({ key, value }) => void events.push(`${key.toString()}=${value.toString()}`));
        watcher.on('delete', ({ key }) => void events.push(`${key.toString()} gone`));
        await namespace.put('n').value('1');
        const lease = client.lease(20);
        await lease.put('team/leased').value('x');
        await lease.revoke();
        const { succeeded } = await namespace.if('n', 'Value', '==', '1').then(namespace.put('n').value('2')).commit();
        t.ok(succeeded);
        const added = await client.stm().transact(async (tx) => {
          const value = Number(await tx.get('team/n').string());
          await tx.put('team/n').value(value + 1);
          return value + 1;
        });
        t.equal(added, 3);
        t.equal(await namespace.get('n').number(), 3);
        await until(() => events.length === 5);
        t.strictSame(events, ['team/n=1', 'team/leased=x', 'team/leased gone', 'team/n=2', 'team/n=3']);
        await watcher.cancel();
      });

      await t.test('maintenance', async (t) => {
        t.match((await client.maintenance.status()).version, /^3\./);
        t.ok((await client.cluster.memberList({})).members.length >= 1);
        t.strictSame((await client.maintenance.alarm({ action: 'Get' })).alarms, []);
      });
    } finally {
      for (const one of clients) one.close();
      await server.stop();
    }
  });
}
