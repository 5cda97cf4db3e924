/** A disk that is called slow is slow, for the log and for the state. */
import t from 'tap';
import { until } from '@flotilla/brain/test/cluster';
import { openClient } from './callers.ts';
import { ProxyNetwork } from './proxy-network.ts';
import { Stage } from './stage.ts';

t.setTimeout(0);

const log = 'etcd_disk_wal_fsync_duration_seconds';
const state = 'etcd_disk_backend_commit_duration_seconds';

/** Writes, and those of them that took no longer than the bound of a bucket. */
function writesOf(metrics: string, { name, bound }: { readonly name: string; readonly bound: string }) {
  const valueOf = (prefix: string): number => {
    const line = metrics.split('\n').find((text) => text.startsWith(prefix));
    if (line === undefined) throw new Error(`no ${prefix}`);
    return Number(line.slice(prefix.length));
  };
  return { all: valueOf(`${name}_count `), quick: valueOf(`${name}_bucket{le="${bound}"} `) };
}

t.test('a slow disk holds up each write of the log and of the state', async (t) => {
  const stage = await Stage.open(t, 1, new ProxyNetwork());
  await stage.allServe();
  const endpoint = stage.endpointOf(0);
  const client = openClient(endpoint);
  t.teardown(() => client.close());
  const put = (): Promise<unknown> => client.kv.Put({ key: Buffer.from('k'), value: Buffer.from('v') });
  const look = async () => {
    const metrics = await (await fetch(`http://${endpoint.target}/metrics`)).text();
    return [log, state].map((name) => writesOf(metrics, { name, bound: '0.128' }));
  };
  stage.setFaults(0, { diskDelayMs: 150 });
  // Once a put takes so long the member has heard of it; what was begun before is over with the next.
  await until(async () => {
    const beganMs = performance.now();
    await put();
    return performance.now() - beganMs >= 150;
  });
  await put();
  const before = await look();
  await until(async () => {
    await put();
    const now = await look();
    return now.every(({ all }, i) => all >= (before[i]?.all ?? 0) + 3);
  });
  const after = await look();
  t.strictSame(
    after.map(({ quick }) => quick),
    before.map(({ quick }) => quick),
    'none was quick',
  );
  t.strictSame(stage.endings, []);
});
