/** Whoever watches a member's health learns that it stops before it is gone. */
import t from 'tap';
import { StatusCode, connectService, healthService, isRpcError, openChannel } from '@flotilla/wire';
import { planCluster, startAll } from './cluster.ts';

t.setTimeout(0);

t.test('a watch of the health says SERVING, and NOT_SERVING once the member stops', async (t) => {
  const plan = await planCluster(1);
  const [brain] = await startAll(plan);
  const channel = openChannel({ target: plan.endpoints[0] ?? '' });
  t.teardown(async () => {
    channel.close();
    await brain?.close();
    await plan.clean();
  });
  const health = connectService(channel, healthService);
  const seen: number[] = [];
  try {
    for await (const { status } of health.Watch({})) {
      seen.push(status);
      if (seen.length === 1) void brain?.close();
    }
  } catch (error) {
    t.ok(isRpcError(error, StatusCode.UNAVAILABLE), String(error));
  }
  t.strictSame(seen, [1, 2]);
});
