/** npm `etcd3` with credentials: it logs in by itself, manages users, and learns what it may not do. */
import { Etcd3, Range } from 'etcd3';
import t from 'tap';
import { hasEtcd, startEtcd } from '@flotilla/store/test/etcd';
import { planCluster, startAll } from './cluster.ts';

t.setTimeout(0);

interface Server {
  readonly hosts: readonly string[];
  stop(): Promise<void>;
}

const servers: Readonly<Record<string, () => Promise<Server>>> = {
  async 'three members'() {
    const plan = await planCluster(3, { 'bcrypt-cost': 4 });
    const brains = await startAll(plan);
    return {
      hosts: plan.endpoints,
      async stop() {
        await Promise.all(brains.map((brain) => brain.close()));
        await plan.clean();
      },
    };
  },
  ...(hasEtcd && {
    async etcd() {
      const { target, stop } = await startEtcd(['--bcrypt-cost=4']);
      return { hosts: [target], stop };
    },
  }),
};

for (const [name, start] of Object.entries(servers)) {
  t.test(name, async (t) => {
    const { hosts, stop } = await start();
    t.teardown(stop);
    const connect = (username?: string): Etcd3 => {
      const urls = hosts.map((host) => `http://${host}`);
      const auth = username === undefined ? {} : { auth: { username, password: username } };
      const client = new Etcd3({ hosts: urls, ...auth });
      t.teardown(() => client.close());
      return client;
    };
    const anonymous = connect();
    const rootRole = anonymous.role('root');
    await rootRole.create();
    await (await anonymous.user('root').create('root')).addRole(rootRole);
    await anonymous.auth.authEnable();
    await t.rejects(anonymous.put('a').value('1').exec(), /user name is empty/);

    const root = connect('root');
    await root.put('a').value('1');
    const role = await root.role('readers').create();
    await role.grant({ permission: 'Read', range: Range.prefix('a') });
    const reader = await root.user('reader').create('reader');
    await reader.addRole(role);
    t.same(
      (await reader.roles()).map(({ name }) => name),
      ['readers'],
    );

    const asReader = connect('reader');
    t.equal(await asReader.get('a').string(), '1');
    await t.rejects(asReader.put('a').value('2').exec(), /permission denied/);
    await t.rejects(asReader.get('b').string(), /permission denied/);
    await t.rejects(connect('nobody').get('a').string(), /authentication failed/);

    const watcher = await asReader.watch().key('a').create();
    const seen = new Promise<string>((resolve) => watcher.on('put', ({ value }) => resolve(value.toString())));
    await root.put('a').value('2');
    t.equal(await seen, '2');
    await watcher.cancel();

    const lease = root.lease(60);
    await lease.put('leased').value('1');
    await lease.revoke();
    t.equal(await root.get('leased').string(), null);
    const keys = await root.lock('lock').do(() => root.getAll().prefix('lock').keys());
    t.equal(keys.length, 1);
    await root.auth.authDisable();
    t.equal(await anonymous.get('a').string(), '2');
  });
}
