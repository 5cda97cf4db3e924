/** The store under kill -9, on the real cluster: nothing acknowledged is lost, and writes go on. */
import { type EtcdClient, createEtcdClient, prefixRange } from '@flotilla/etcd-client';
import t from 'tap';
import { startCluster } from './cluster.ts';
import { leadingBrain } from './objects.ts';
import { until } from './until.ts';
import { startWriteStream } from './write-stream.ts';

async function missingKeys(client: EtcdClient, keys: readonly string[]): Promise<readonly string[]> {
  const { kvs } = await client.kv.range({ ...prefixRange('stream/'), keysOnly: true });
  const present = new Set(kvs.map(({ key }) => Buffer.from(key).toString()));
  return keys.filter((key) => !present.has(key));
}

t.test('kill -9 of the leading brain under a stream of writes loses nothing, and writes go on', async (t) => {
  const cluster = await startCluster(t, { kubelets: 0, schedulers: 1, controllers: 1, apiServers: 1 });
  const client = createEtcdClient({ endpoints: cluster.endpoints });
  t.teardown(() => client.close());
  const gapsMs: number[] = [];
  for (let round = 0; round < 3; round++) {
    const leader = await leadingBrain(cluster);
    const oldPid = cluster.pidOf(leader);
    const writer = startWriteStream(client, { prefix: 'stream/' });
    await until('the stream flows', () => writer.acknowledged.length > 100);
    cluster.kill(leader);
    const atKill = writer.acknowledged.length;
    await until('writes go on', () => writer.acknowledged.length > atKill + 100);
    await writer.stop();
    t.comment(`${leader} killed: longest gap ${Math.round(writer.longestGapMs())} ms`);
    t.same(await missingKeys(client, writer.acknowledged), [], 'every acknowledged write is there');
    gapsMs.push(writer.longestGapMs());
    await cluster.untilBack(leader, oldPid);
  }
  const [, median = Infinity] = gapsMs.sort((a, b) => a - b);
  t.ok(median < 1000, `the median of the longest gaps, ${Math.round(median)} ms, is below 1 s`);
});

t.test('kill -9 of all three brains at once: everything is back after their restart', async (t) => {
  const cluster = await startCluster(t, { kubelets: 1, schedulers: 1, controllers: 1, apiServers: 1 });
  const client = createEtcdClient({ endpoints: cluster.endpoints });
  t.teardown(() => client.close());
  const writer = startWriteStream(client, { prefix: 'stream/' });
  await until('the stream flows', () => writer.acknowledged.length > 200);
  const brains = ['brain-1', 'brain-2', 'brain-3'];
  const pids = brains.map((name) => cluster.pidOf(name));
  for (const pid of pids) process.kill(pid, 'SIGKILL');
  const atKill = writer.acknowledged.length;
  await until('writes go on', () => writer.acknowledged.length > atKill + 100);
  await writer.stop();
  t.same(await missingKeys(client, writer.acknowledged), [], 'every acknowledged write is there');
  await until('the API answers again', async () => (await cluster.kubectl('get', 'nodes')).code === 0);
});
