import t from 'tap';
import { runChaos } from './chaos.ts';

t.setTimeout(0);

t.test('members killed and paused at random lose nothing, and show every change once and in order', async (t) => {
  const seed = Number(process.env['SEED'] ?? 7);
  const { violations, changes } = await runChaos({ seed, blows: 2 });
  t.strictSame(violations, [], `seed ${seed}`);
  t.ok(changes > 0);
});
