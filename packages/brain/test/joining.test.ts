/** Who a newcomer is, when its first start was cut short. */
import t from 'tap';
import { createManualClock } from '@flotilla/base';
import { type KnownCluster, brainSettings, settleMembership } from '@flotilla/brain';
import { createMemoryFiles } from './memory-files.ts';

const urls = { m1: 'http://127.0.0.1:1001', m2: 'http://127.0.0.1:1002' };
const cluster: KnownCluster = {
  clusterId: 0xc1n,
  members: [
    { id: 0xa1n, name: 'm1', peerUrls: [urls.m1], isLearner: false },
    { id: 0xa2n, name: '', peerUrls: [urls.m2], isLearner: false },
  ],
};
const settings = brainSettings({
  name: 'm2',
  'data-dir': '/data',
  'listen-peer-urls': [urls.m2],
  'initial-advertise-peer-urls': [urls.m2],
  'initial-cluster': `m1=${urls.m1},m2=${urls.m2}`,
  'initial-cluster-state': 'existing',
});

function settle(image: readonly (readonly [path: string, bytes: Uint8Array])[]) {
  let asked = 0;
  const ask = (): Promise<KnownCluster> => {
    asked++;
    return Promise.resolve(cluster);
  };
  const settled = settleMembership(settings, { files: createMemoryFiles(new Map(image)), ask });
  return { settled, asked: () => asked };
}

const torn = new Uint8Array(50);

t.test('a newcomer whose witness was torn as it was begun asks again who it is', async (t) => {
  for (const image of [[], [['/data/witness', torn] as const]]) {
    const { settled, asked } = settle(image);
    t.equal((await settled).membership.self.id, 0xa2n);
    t.equal(asked(), 1);
  }
});

t.test('others that are all away are asked again until one answers, but not for ever', async (t) => {
  const clock = createManualClock();
  let answersFromMs = 1000;
  const ask = (): Promise<KnownCluster> =>
    clock.monotonicMs() < answersFromMs ? Promise.reject(new Error('away')) : Promise.resolve(cluster);
  const files = createMemoryFiles();
  const settle = () => settleMembership(settings, { files, ask, patience: { clock, ms: 3000 } });
  const settled = settle();
  await clock.advance(1000);
  t.equal((await settled).membership.self.id, 0xa2n);
  answersFromMs = Infinity;
  const refused = t.rejects(settle(), { code: 'JOIN_FAILED', message: /away/ });
  await clock.advance(2999);
  t.equal(clock.pending, 1, 'still asking');
  await clock.advance(1);
  await refused;
  t.equal(clock.pending, 0);
});

t.test('a damaged witness beside a log is refused, and nobody is asked', async (t) => {
  const { settled, asked } = settle([
    ['/data/witness', torn],
    ['/data/log/0000000000000001.log', new Uint8Array(9)],
  ]);
  await t.rejects(settled, { code: 'DATA_CORRUPT' });
  t.equal(asked(), 0);
});

t.test('a newcomer takes no id that only one of the others knows, who may lag', async (t) => {
  const urlOf = { ...urls, m3: 'http://127.0.0.1:1003' };
  const of = (id: bigint, name: 'm1' | 'm2' | 'm3') => ({ id, name: '', peerUrls: [urlOf[name]], isLearner: false });
  const inPlaceOfAnother = brainSettings({
    name: 'm2',
    'data-dir': '/data',
    'listen-peer-urls': [urls.m2],
    'initial-advertise-peer-urls': [urls.m2],
    'initial-cluster': Object.entries(urlOf)
      .map(([name, url]) => `${name}=${url}`)
      .join(),
    'initial-cluster-state': 'existing',
  });
  const now: KnownCluster = { clusterId: 0xc1n, members: [of(0xa1n, 'm1'), of(0xb2n, 'm2'), of(0xa3n, 'm3')] };
  const before: KnownCluster = { clusterId: 0xc1n, members: [of(0xa1n, 'm1'), of(0xa2n, 'm2'), of(0xa3n, 'm3')] };
  const between: KnownCluster = { clusterId: 0xc1n, members: [of(0xa1n, 'm1'), of(0xa3n, 'm3')] };
  const settle = (byM1: KnownCluster | undefined, byM3: KnownCluster | undefined) =>
    settleMembership(inPlaceOfAnother, {
      files: createMemoryFiles(),
      ask(url) {
        const answer = url === urlOf.m1 ? byM1 : byM3;
        return answer ? Promise.resolve(answer) : Promise.reject(new Error('away'));
      },
    });
  const tooFew = { code: 'JOIN_FAILED', message: /only 1 of the 2 others that vote/ };
  await t.rejects(settle(before, now), tooFew, 'one has not heard of the change');
  await t.rejects(settle(before, between), tooFew, 'nor has the other of all of it');
  await t.rejects(settle(before, undefined), tooFew);
  t.equal((await settle(now, now)).membership.self.id, 0xb2n);
});
