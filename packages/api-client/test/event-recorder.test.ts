import { type ConfigMap, events } from '@flotilla/api';
import { createEventRecorder, createMemoryServer } from '@flotilla/api-client';
import { createManualClock } from '@flotilla/base';
import t from 'tap';

const about: ConfigMap = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'a', namespace: 'default', uid: 'u1' },
};

function setUp() {
  const clock = createManualClock();
  const server = createMemoryServer({ clock });
  const client = server.client();
  const recorder = createEventRecorder({ client, component: 'test', clock });
  const recorded = async () => (await client.resource(events).list()).items;
  return { clock, server, recorder, recorded };
}

t.test('the same event again raises a count; another message makes another event', async (t) => {
  const { recorder, recorded, clock } = setUp();
  const event = { type: 'Warning', reason: 'Failed', message: 'it failed' } as const;
  recorder.record(about, event);
  await recorder.flush();
  await clock.advance(60_000);
  recorder.record(about, event);
  recorder.record(about, { ...event, message: 'it failed again' });
  await recorder.flush();
  const [first, second, ...more] = [...(await recorded())].sort((a, b) => (b.count ?? 0) - (a.count ?? 0));
  t.match(first, {
    count: 2,
    reason: 'Failed',
    involvedObject: { kind: 'ConfigMap', name: 'a', uid: 'u1' },
    source: { component: 'test' },
  });
  t.ok((first?.lastTimestamp ?? '') > (first?.firstTimestamp ?? ''));
  t.match(second, { count: 1, message: 'it failed again' });
  t.same(more, []);
});

t.test('an object with too many events is limited, others are not', async (t) => {
  const { recorder, recorded, clock } = setUp();
  for (let i = 0; i < 100; i++) recorder.record(about, { type: 'Normal', reason: 'Seen', message: `number ${i}` });
  recorder.record(
    { ...about, metadata: { ...about.metadata, uid: 'u2' } },
    { type: 'Normal', reason: 'Seen', message: 'x' },
  );
  await recorder.flush();
  t.equal((await recorded()).length, 26);
  await clock.advance(300_000);
  recorder.record(about, { type: 'Normal', reason: 'Seen', message: 'later' });
  recorder.record(about, { type: 'Normal', reason: 'Seen', message: 'too soon' });
  await recorder.flush();
  t.equal((await recorded()).length, 27);
});

t.test('a server that refuses or hangs is nobody’s problem', async (t) => {
  const { recorder, recorded, server } = setUp();
  server.intercept = () => Promise.reject(new Error('not today'));
  recorder.record(about, { type: 'Normal', reason: 'Seen', message: 'lost' });
  await recorder.flush();
  server.intercept = () => undefined;
  t.same(await recorded(), []);
  server.intercept = () => new Promise(() => undefined);
  for (let i = 0; i < 5000; i++) {
    const uid = `u${i}`;
    recorder.record(
      { ...about, metadata: { ...about.metadata, uid } },
      { type: 'Normal', reason: 'Seen', message: 'm' },
    );
  }
  recorder.close();
  t.pass('it returned');
});
