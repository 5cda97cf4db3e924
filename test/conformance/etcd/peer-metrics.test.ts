/** What `/metrics` says of the other members. */
import type { Client } from './client.ts';
import { addLearner, initialClusterFor, membersOf, remove } from './members.ts';
import { conformance, until } from './rules.ts';
import { toId } from '@flotilla/wire';

const knownName = 'etcd_network_known_peers';
const activeName = 'etcd_network_active_peers';
const lostName = 'etcd_network_disconnected_peers_total';

conformance('Metrics of peers', ({ rule }) => {
  rule('the members are known peers, this one too, and a removed one is 0', { since: '3.7' }, async ({ t, client }) => {
    const self = await selfOf(client);
    const listed = async (): Promise<readonly string[]> =>
      (await membersOf(client)).map(({ id }) => `${self} ${id.toString(16)} 1`).sort();
    t.strictSame(await linesOf(client, knownName), await listed());
    const learner = await addLearner(client, 'http://127.0.0.1:1');
    t.ok((await listed()).includes(`${self} ${learner.toString(16)} 1`));
    t.strictSame(await linesOf(client, knownName), await listed());
    await remove(client, learner);
    t.strictSame(await linesOf(client, knownName), [...(await listed()), `${self} ${learner.toString(16)} 0`].sort());
  });

  rule('a peer is active while it is connected, and each loss is counted', async ({ t, server, client }) => {
    const place = await server.place('peer');
    const learner = await addLearner(client, place.peerUrl);
    const pair = `${await selfOf(client)} ${learner.toString(16)}`;
    const valueOf = async (name: string): Promise<string | undefined> =>
      (await linesOf(client, name)).find((line) => line.startsWith(`${pair} `))?.slice(pair.length + 1);
    t.equal(await valueOf(activeName), undefined);
    const member = await server.join(place, initialClusterFor(place, await membersOf(client)));
    await until(async () => (await valueOf(activeName)) === '1');
    await member.stop();
    await until(async () => (await valueOf(activeName)) === '0');
    t.ok(Number(await valueOf(lostName)) > 0);
    await remove(client, learner);
  });

  rule('all others are active once there is a leader', { cluster: true }, async ({ t, clients }) => {
    for (const client of clients) {
      const self = await selfOf(client);
      const others = (await membersOf(client)).map(({ id }) => id.toString(16)).filter((id) => id !== self);
      const expected = others.map((id) => `${self} ${id} 1`).sort();
      await until(async () => (await linesOf(client, activeName)).filter((line) => line.endsWith(' 1')).length === 2);
      const lines = await linesOf(client, activeName);
      t.strictSame(
        lines.filter((line) => line.endsWith(' 1')),
        expected,
      );
    }
  });
});

async function selfOf(client: Client): Promise<string> {
  const { header } = await client.cluster.MemberList({});
  return BigInt.asUintN(64, toId(header?.member_id)).toString(16);
}

/** Of a metric of pairs of members: `local remote value` each. */
async function linesOf({ target }: Client, name: string): Promise<readonly string[]> {
  const text = await (await fetch(`http://${target}/metrics`)).text();
  const lines = text.matchAll(new RegExp(`^${name}\\{(.*)\\} (\\d+)$`, 'gm'));
  return [...lines]
    .map(([, labels = '', value]) => {
      const [local, remote] = ['Local', 'Remote'].map((label) => new RegExp(`${label}="([^"]*)"`).exec(labels)?.[1]);
      return `${local} ${remote} ${value}`;
    })
    .sort();
}
