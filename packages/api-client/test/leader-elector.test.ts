import { type ConfigMap, configMaps, leases } from '@flotilla/api';
import {
  type LeaderElector,
  type LeaderElectorOptions,
  type LeaderTerm,
  createInformerFactory,
  createLeaderElector,
  createMemoryServer,
  isLeaderFenced,
} from '@flotilla/api-client';
import { type ManualClock, createManualClock, createTaskGroup, seededRandomness } from '@flotilla/base';
import t from 'tap';

function configMap(name: string): ConfigMap {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default' } };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

interface Candidate {
  readonly elector: LeaderElector;
  readonly terms: LeaderTerm[];
  readonly stop: AbortController;
  readonly running: Promise<void>;
}

function startCandidate(
  clock: ManualClock,
  options: Pick<LeaderElectorOptions, 'client' | 'identity'> & Partial<LeaderElectorOptions>,
): Candidate {
  const terms: LeaderTerm[] = [];
  const elector = createLeaderElector({
    name: 'kube-test',
    ttlSeconds: 5,
    clock,
    randomness: seededRandomness(1),
    async onStartedLeading(term) {
      terms.push(term);
      await aborted(term.signal);
    },
    ...options,
  });
  const stop = new AbortController();
  return { elector, terms, stop, running: elector.run(stop.signal) };
}

t.test('one leads, the other takes over when its lease is lost, and the first one writes no more', async (t) => {
  const clock = createManualClock();
  const server = createMemoryServer({ clock });
  const a = startCandidate(clock, { client: server.client(), identity: 'a' });
  await clock.advance(10);
  const b = startCandidate(clock, { client: server.client(), identity: 'b' });
  await clock.advance(30_000);
  t.same([a.elector.isLeader, b.elector.isLeader], [true, false], 'keep-alives hold the lead');

  const [first] = a.terms;
  await first?.client.resource(configMaps).create(configMap('by-a'));
  const lastOfA = server.history.revision;
  server.elections.deposeLeader('kube-test');
  await clock.advance(10);
  const [second] = b.terms;
  t.equal(b.elector.isLeader, true);
  t.ok((second?.fence?.createRevision ?? 0) < lastOfA, 'b joined the line before a wrote');
  t.ok((second?.electedRevision ?? 0) > lastOfA, 'and still waits for all that a wrote');
  const late = async () => await first?.client.resource(configMaps).create(configMap('late'));
  await t.rejects(late, /no longer leads the election/);

  await clock.advance(10_000);
  t.equal(first?.signal.aborted, true);
  t.equal(a.elector.isLeader, false, 'a stands in the line again');
  for (const { stop, running } of [a, b]) {
    stop.abort();
    await clock.advance(10);
    await running;
  }
  t.equal(clock.pending, 0, 'no timer is left');
});

t.test('a write that is fenced ends the term, whoever made it', async (t) => {
  const clock = createManualClock();
  const server = createMemoryServer({ clock });
  const terms: LeaderTerm[] = [];
  const a = startCandidate(clock, {
    client: server.client(),
    identity: 'a',
    async onStartedLeading(term) {
      terms.push(term);
      if (terms.length > 1) return await aborted(term.signal);
      server.elections.deposeLeader('kube-test');
      await term.client.resource(configMaps).create(configMap('late'));
    },
  });
  await clock.advance(5000);
  t.equal(terms.length, 2, 'it campaigned again');
  t.equal(terms[0]?.signal.aborted, true);
  a.stop.abort();
  await a.running;
});

t.test('an error of the work that is no lost fence ends the elector, after the lead was given up', async (t) => {
  const clock = createManualClock();
  const server = createMemoryServer({ clock });
  const a = startCandidate(clock, {
    client: server.client(),
    identity: 'a',
    onStartedLeading: () => Promise.reject(new Error('broken')),
  });
  await t.rejects(a.running, /broken/);
  t.equal(server.elections.leader('kube-test'), undefined);
});

t.test('the Lease object shows who leads, and counts the changes', async (t) => {
  const clock = createManualClock();
  const server = createMemoryServer({ clock });
  const spec = async () =>
    (await server.client().resource(leases).get({ namespace: 'kube-system', name: 'kube-test' })).spec;
  const a = startCandidate(clock, { client: server.client(), identity: 'a' });
  await clock.advance(6000);
  const held = await spec();
  t.match(held, { holderIdentity: 'a', leaseDurationSeconds: 5, leaseTransitions: 0 });
  t.ok((held?.renewTime ?? '') > (held?.acquireTime ?? ''), 'it is renewed');
  const b = startCandidate(clock, { client: server.client(), identity: 'b' });
  a.stop.abort();
  await clock.advance(6000);
  await a.running;
  t.match(await spec(), { holderIdentity: 'b', leaseTransitions: 1 });
  b.stop.abort();
  await b.running;
});

t.test('a server that cannot be reached for a moment costs no term', async (t) => {
  const clock = createManualClock();
  const server = createMemoryServer({ clock });
  const client = server.client();
  const { elections } = server;
  let broken = true;
  const keepAlive: typeof elections.keepAlive = async function* (...call) {
    for await (const ttl of elections.keepAlive(...call)) {
      yield ttl;
      if (broken) throw new Error('the connection was reset');
    }
  };
  const flaky = { ...client, transport: { ...client.transport, elections: { ...elections, keepAlive } } };
  const a = startCandidate(clock, { client: flaky, identity: 'a' });
  await clock.advance(60_000);
  t.equal(a.terms.length, 1);
  broken = false;
  a.stop.abort();
  await a.running;
});

t.test('without elections a plain Lease decides, by each candidate’s own clock', async (t) => {
  const clock = createManualClock();
  const server = createMemoryServer({ clock });
  const plain = () => server.client({ elections: false });
  const a = startCandidate(clock, { client: plain(), identity: 'a' });
  await clock.advance(2000);
  const b = startCandidate(clock, { client: plain(), identity: 'b' });
  await clock.advance(30_000);
  t.same([a.elector.isLeader, b.elector.isLeader], [true, false]);
  t.equal(a.terms[0]?.fence, undefined);

  const blockA = { identity: 'a' };
  server.intercept = ({ verb, body }) => {
    const lease = body as { spec?: { holderIdentity?: string } } | undefined;
    if (verb === 'update' && lease?.spec?.holderIdentity === blockA.identity) throw new Error('a is cut off');
  };
  await clock.advance(4000);
  t.equal(a.elector.isLeader, false, 'a steps down before b may take over');
  t.equal(b.elector.isLeader, false);
  await clock.advance(8000);
  t.equal(b.elector.isLeader, true);
  b.stop.abort();
  await clock.advance(10);
  await b.running;
  const lease = await plain().resource(leases).get({ namespace: 'kube-system', name: 'kube-test' });
  t.equal(lease.spec?.holderIdentity, '', 'it was released');
  blockA.identity = 'nobody';
  await clock.advance(3000);
  t.equal(a.elector.isLeader, true, 'and taken at once');
  a.stop.abort();
  await clock.advance(10);
  await a.running;
});

t.test('caches that have reached the elected revision show all that earlier leaders wrote', async (t) => {
  const clock = createManualClock();
  const server = createMemoryServer({ clock });
  const standby = server.client();
  const factory = createInformerFactory(standby, { clock });
  const informer = factory.informer(configMaps);
  const group = createTaskGroup();
  factory.start(group);
  await factory.waitForSync(group.signal);

  const a = startCandidate(clock, { client: server.client(), identity: 'a' });
  await clock.advance(10);
  const seen: number[] = [];
  const b = startCandidate(clock, {
    client: standby,
    identity: 'b',
    async onStartedLeading(term) {
      await factory.waitForRevision(term.electedRevision, term.signal);
      seen.push(informer.size);
      await aborted(term.signal);
    },
  });
  await clock.advance(10);
  server.history.breakWatches(new Error('the standby lost its watch'));
  for (let i = 0; i < 10; i++) await a.terms[0]?.client.resource(configMaps).create(configMap(`m${i}`));
  server.elections.deposeLeader('kube-test');
  await clock.advance(3000);
  t.same(seen, [10]);
  for (const { stop, running } of [a, b]) {
    stop.abort();
    await clock.advance(10);
    await running;
  }
  await group.close();
});

t.test('a lost fence is told apart from a conflict', async (t) => {
  const server = createMemoryServer();
  const fenced = server.client().withFence({ key: Buffer.from('/flotilla/elections/x/1'), createRevision: 1 });
  const error: unknown = await fenced
    .resource(configMaps)
    .create(configMap('a'))
    .catch((thrown: unknown) => thrown);
  t.equal(isLeaderFenced(error), true);
});
