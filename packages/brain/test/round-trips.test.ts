import t from 'tap';
import { type Clock, systemClock } from '@flotilla/base';
import { planCluster, startAll, until } from './cluster.ts';

t.setTimeout(0);

/** Members look at each other once more, soon. */
const hurried: Clock = {
  ...systemClock,
  every(periodMs, callback, options) {
    if (periodMs === 6000) systemClock.after(500, callback, { unref: true });
    return systemClock.every(periodMs, callback, options);
  },
};

t.test('each member measures its way to each other one, and stops with it', async (t) => {
  const plan = await planCluster(3);
  const brains = await startAll(plan, { clock: hurried });
  const countsOf = async (endpoint: string): Promise<readonly string[]> => {
    const text = await (await fetch(`http://${endpoint}/metrics`)).text();
    const counts = text.matchAll(/^etcd_network_peer_round_trip_time_seconds_count\{To="(\w+)"\} [1-9]/gm);
    return [...counts].map(([, to = '']) => to).sort();
  };
  try {
    const ids = brains.map((brain) => brain.status().memberId.toString(16));
    for (const [i, endpoint] of plan.endpoints.entries()) {
      const others = ids.filter((id) => id !== ids[i]).sort();
      await until(async () => (await countsOf(endpoint)).length === others.length);
      t.strictSame(await countsOf(endpoint), others);
    }
  } finally {
    await Promise.all(brains.map((brain) => brain.close()));
    await plan.clean();
  }
});
