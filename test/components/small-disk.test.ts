/** Members on a disk that is really full, to the last byte: where root may mount one. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { brainSettings, startBrain } from '@flotilla/brain';
import { reservePorts } from '@flotilla/brain/test/reserve-ports';
import { connectService, kvService, openChannel } from '@flotilla/wire';
import t from 'tap';
import { mountSmallDisk } from '../chaos/small-disk.ts';

t.setTimeout(0);

t.test('a member outlives a full disk under load, and nothing acknowledged is lost', { timeout: 0 }, async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'flotilla-small-disk-'));
  const disk = mountSmallDisk(directory);
  t.teardown(() => {
    disk?.unmount();
    rmSync(directory, { recursive: true, force: true });
  });
  if (!disk) return void t.pass('only root can mount a small disk');
  const [clientPort = 0, peerPort = 0] = await reservePorts(2);
  const peerUrl = `http://127.0.0.1:${peerPort}`;
  const target = `127.0.0.1:${clientPort}`;
  const settings = brainSettings({
    name: 'm',
    'data-dir': join(directory, 'm'),
    'listen-client-urls': [`http://${target}`],
    'advertise-client-urls': [`http://${target}`],
    'listen-peer-urls': [peerUrl],
    'initial-advertise-peer-urls': [peerUrl],
    'initial-cluster': `m=${peerUrl}`,
  });
  const start = async () => {
    const brain = await startBrain({ settings });
    brain.stopped.catch((error: Error) => t.fail(`it stopped: ${error.message}`));
    await brain.ready;
    const channel = openChannel({ target });
    return { brain, channel, kv: connectService(channel, kvService) };
  };
  const acknowledged = new Map<string, number>();
  const member = await start();
  for (let round = 1; round <= 2; round++) {
    await disk.fill();
    let timedOut = 0;
    const write = async (writer: number): Promise<void> => {
      for (let i = 0; timedOut === 0; i++) {
        const key = `${writer}/${i % 100}`;
        const value = round * 1_000_000 + i;
        await member.kv.Put({ key: Buffer.from(key), value: Buffer.from(`${value}`.padEnd(2000)) }).then(
          () => acknowledged.set(key, value),
          (error: Error) => {
            t.match(error.message, /etcdserver: (request timed out|too many requests)/);
            timedOut++;
          },
        );
      }
    };
    await Promise.all(Array.from({ length: 8 }, (_, writer) => write(writer)));
    t.equal((await fetch(`http://${target}/readyz`)).status, 503);
    disk.empty();
    await member.kv.Put({ key: Buffer.from('room') });
    while ((await fetch(`http://${target}/readyz`)).status !== 200) await sleep(5);
  }
  const check = async (kv: typeof member.kv): Promise<void> => {
    for (const [key, value] of acknowledged) {
      const { kvs } = await kv.Range({ key: Buffer.from(key) });
      const found = Number(Buffer.from(kvs[0]?.value ?? []).toString());
      if (!(found >= value)) t.fail(`${key} holds ${found}, ${value} was acknowledged`);
    }
  };
  t.ok(acknowledged.size > 0);
  await check(member.kv);
  member.channel.close();
  await member.brain.close();
  const again = await start();
  await check(again.kv);
  again.channel.close();
  await again.brain.close();
});
