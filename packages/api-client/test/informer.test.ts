import { type ConfigMap, type KubeObject, ApiError, configMaps } from '@flotilla/api';
import { type ChangeHandlers, type MemoryServer, createInformer, createMemoryServer } from '@flotilla/api-client';
import { type ManualClock, createManualClock, createTaskGroup, seededRandomness } from '@flotilla/base';
import fc from 'fast-check';
import t from 'tap';

const names = ['a', 'b', 'c', 'd'];

function configMap(name: string, value: string): ConfigMap {
  const metadata = { name, namespace: 'default', labels: { parity: Number(value) % 2 === 0 ? 'even' : 'odd' } };
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { value } };
}

/** What a follower of the handlers believes; throws on a sequence that cannot be. */
function createFollower(): ChangeHandlers<KubeObject> & { readonly believed: Map<string, KubeObject> } {
  const believed = new Map<string, KubeObject>();
  const version = ({ metadata }: KubeObject): number => Number(metadata.resourceVersion);
  return {
    believed,
    added(object) {
      if (believed.has(object.metadata.name)) throw new Error(`${object.metadata.name} was added twice`);
      believed.set(object.metadata.name, object);
    },
    updated(old, object) {
      if (believed.get(object.metadata.name) !== old) throw new Error('an update of what was not there');
      if (old.metadata.uid !== object.metadata.uid) throw new Error('an update made another object of it');
      if (version(object) <= version(old)) throw new Error('a step back');
      believed.set(object.metadata.name, object);
    },
    deleted(object, { finalStateUnknown }) {
      const old = believed.get(object.metadata.name);
      if (!old) throw new Error('a deletion of what was not there');
      if (!finalStateUnknown && version(object) < version(old)) throw new Error('a deletion before the last state');
      believed.delete(object.metadata.name);
    },
  };
}

type Step =
  | { readonly does: 'write' | 'delete' | 'lapse'; readonly name: string; readonly value: string }
  | { readonly does: 'compact' | 'break' | 'down' | 'up' | 'reset' | 'advance' | 'tick' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      does: fc.constant('write' as const),
      name: fc.constantFrom(...names),
      value: fc.nat({ max: 99 }).map(String),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      does: fc.constantFrom('delete' as const, 'lapse' as const),
      name: fc.constantFrom(...names),
      value: fc.constant('0'),
    }),
  },
  fc.record({
    does: fc.constantFrom(
      'compact' as const,
      'break' as const,
      'down' as const,
      'up' as const,
      'reset' as const,
      'advance' as const,
      'tick' as const,
    ),
  }),
);

async function take(server: MemoryServer, clock: ManualClock, step: Step): Promise<void> {
  const maps = server.client().resource(configMaps);
  const place = { namespace: 'default', name: 'name' in step ? step.name : '' };
  switch (step.does) {
    case 'write': {
      const exists = server.history.get('/configmaps', `default/${step.name}`) !== undefined;
      await (exists ? maps.update(configMap(step.name, step.value)) : maps.create(configMap(step.name, step.value)));
      break;
    }
    case 'delete':
      if (server.history.get('/configmaps', `default/${step.name}`)) await maps.delete(place);
      break;
    // A deletion that no watch can tell of any more.
    case 'lapse':
      await take(server, clock, { does: 'down' });
      await take(server, clock, { ...step, does: 'delete' });
      server.history.compact();
      break;
    case 'compact':
      server.history.compact();
      break;
    case 'break':
      server.history.breakWatches();
      break;
    case 'reset':
      server.history.breakWatches(new Error('the connection was reset'));
      break;
    case 'down':
      server.intercept = ({ verb }) => {
        if (verb === 'list' || verb === 'watch') throw new Error('not now');
      };
      server.history.breakWatches();
      break;
    case 'up':
      server.intercept = () => undefined;
      break;
    case 'advance':
      await clock.advance(700);
      break;
    case 'tick':
      server.history.tick();
      break;
  }
}

for (const labelSelector of [undefined, 'parity=even']) {
  t.test(
    `after any history, broken and compacted at will, the cache ends as the server is (${labelSelector})`,
    async (t) => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.integer(), async (history, seed) => {
          const clock = createManualClock();
          const randomness = seededRandomness(seed);
          const server = createMemoryServer({ clock, randomness });
          const options = { namespace: 'default', labelSelector, clock, randomness };
          const informer = createInformer(server.client(), configMaps, options);
          const early = createFollower();
          informer.onChange(early);
          const group = createTaskGroup();
          informer.start(group);
          const late = createFollower();
          for (const [at, one] of history.entries()) {
            await take(server, clock, one);
            if (at === 20) informer.onChange(late);
          }
          server.intercept = () => undefined;
          await clock.advance(120_000);
          const selected = labelSelector === undefined ? {} : { labelSelector };
          const { items } = await server.client().resource(configMaps).list(selected);
          const texts = (objects: Iterable<KubeObject>) =>
            JSON.stringify([...objects].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1)));
          if (texts(informer.list()) !== texts(items)) throw new Error('the cache differs from the server');
          if (texts(early.believed.values()) !== texts(items)) throw new Error('the handlers were told another story');
          if (history.length > 20 && texts(late.believed.values()) !== texts(items))
            throw new Error('the late one knows less');
          await group.close();
          await group.stopped;
        }),
        { numRuns: 400 },
      );
      t.pass('no counterexample');
    },
  );
}

t.test('a new leader waits for a revision that an idle collection has not shown yet', async (t) => {
  const clock = createManualClock();
  const server = createMemoryServer({ clock });
  const informer = createInformer(server.client(), configMaps, { clock });
  const group = createTaskGroup();
  const { signal } = group;
  informer.start(group);
  await informer.waitForSync(signal);
  const wanted = server.history.tick();
  t.ok(informer.revision < wanted);
  await informer.waitForRevision(wanted, signal);
  t.ok(informer.revision >= wanted);
  await group.close();
});

t.test('bookmarks move the revision, and a deletion seen live brings its last state', async (t) => {
  const server = createMemoryServer();
  const client = server.client();
  const informer = createInformer(client, configMaps);
  const group = createTaskGroup();
  informer.start(group);
  await informer.waitForSync(group.signal);
  await client.resource(configMaps).create(configMap('a', '1'));
  await informer.waitForRevision(server.history.revision, group.signal);
  t.equal(informer.byIndex('namespace', 'default').length, 1);
  const deleted = new Promise<unknown>((resolve) => {
    informer.onChange({ deleted: (object, how) => resolve([object.metadata.name, how]) });
  });
  await client.resource(configMaps).delete({ namespace: 'default', name: 'a' });
  t.same(await deleted, ['a', { finalStateUnknown: false }]);
  const revision = server.history.tick();
  server.history.bookmark();
  await informer.waitForRevision(revision, group.signal);
  t.equal(informer.size, 0);
  await group.close();
});

t.test('a handler that throws is a bug: the group fails', async (t) => {
  const server = createMemoryServer();
  const informer = createInformer(server.client(), configMaps);
  const group = createTaskGroup();
  informer.onChange({
    added() {
      throw new Error('a handler must not throw');
    },
  });
  await server.client().resource(configMaps).create(configMap('a', '1'));
  informer.start(group);
  await t.rejects(group.stopped, /a handler must not throw/);
  await group.close();
});

t.test('waiting ends when its signal is aborted', async (t) => {
  const server = createMemoryServer();
  server.intercept = () => {
    throw new ApiError({ kind: 'Status', reason: 'ServiceUnavailable', code: 503 });
  };
  const informer = createInformer(server.client(), configMaps);
  const group = createTaskGroup();
  informer.start(group);
  const stop = new AbortController();
  const waiting = informer.waitForSync(stop.signal);
  stop.abort();
  await t.rejects(waiting, /given up/);
  await group.close();
});
