/** Who a newcomer is: when its first start was cut short, and when the others do not say the same. */
import t from 'tap';
import { createManualClock } from '@flotilla/base';
import { type KnownCluster, brainSettings, settleMembership } from '@flotilla/brain';
import { createMemoryFiles } from './memory-files.ts';

const urls = { m1: 'http://127.0.0.1:1001', m2: 'http://127.0.0.1:1002' };
const cluster: KnownCluster = {
  from: 0xa1n,
  clusterId: 0xc1n,
  isChanging: false,
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

/** Five members as one of the first four describes them; the last one is the newcomer, unless it is told otherwise. */
function described(
  from: number,
  { name = '', id = 5, isChanging = false, isLearner = false, without = 0 } = {},
): KnownCluster {
  const members = [1, 2, 3, 4].map((i) => ({ id: BigInt(i), name: `m${i}`, peerUrls: [urlOf(i)], isLearner: false }));
  const newcomer = { id: BigInt(id), name, peerUrls: [urlOf(5)], isLearner };
  const known = [...members, newcomer].filter((member) => member.id !== BigInt(without));
  return { from: BigInt(from), clusterId: 0xc1n, isChanging, members: known };
}

function urlOf(i: number): string {
  return `http://127.0.0.1:${1000 + i}`;
}

/** The id that the last of so many members takes after these answers; whoever is missing does not answer. */
async function idAfter(answers: readonly KnownCluster[], members = [1, 2, 3, 4, 5]): Promise<bigint> {
  const flags = brainSettings({
    name: 'new',
    'data-dir': '/data',
    'listen-peer-urls': [urlOf(5)],
    'initial-advertise-peer-urls': [urlOf(5)],
    'initial-cluster': members.map((i) => `${i === 5 ? 'new' : `other${i}`}=${urlOf(i)}`).join(),
    'initial-cluster-state': 'existing',
  });
  const ask = (url: string): Promise<KnownCluster> => {
    const answer = answers.find(({ from }) => urlOf(Number(from)) === url);
    return answer ? Promise.resolve(answer) : Promise.reject(new Error('away'));
  };
  const settled = await settleMembership(flags, { files: createMemoryFiles(), ask });
  return settled.membership.self.id;
}

t.test('one that is behind does not give a newcomer the id of a removed member that was at its URL', async (t) => {
  const behind = [described(1), described(2)];
  const know = [described(3, { without: 5 }), described(4, { without: 5 })];
  await t.rejects(idAfter([...behind, ...know]), { code: 'JOIN_FAILED', message: /2 of 5 voters know .* and 3 must/ });
  await t.rejects(idAfter(behind), { code: 'JOIN_FAILED' }, 'nor when nobody else answers');
  const joins = { ...described(3), members: [] };
  const message = /it waits to be told who the members are; 2 of 5/;
  await t.rejects(idAfter([...behind, joins]), { code: 'JOIN_FAILED', message }, 'one without a state knows nothing');
  const added = [2, 3, 4].map((from) => described(from, { id: 6 }));
  t.equal(await idAfter([described(1), ...added]), 6n, 'the member that was added since');
  const learners = [1, 2].map((from) => described(from, { isLearner: true }));
  t.equal(await idAfter(learners), 5n, 'half of four voters, where the newcomer has no vote');
});

t.test('a newcomer waits while those who can decide without it have not applied a change of the members', async (t) => {
  const three = [described(1), described(2), described(3, { isChanging: true })];
  await t.rejects(idAfter(three), { code: 'JOIN_FAILED', message: /the members are just changing/ });
  t.equal(await idAfter([...three.slice(0, 2), described(3)]), 5n);
  const four = [1, 2].map((from) => described(from, { without: 4, isChanging: true }));
  t.equal(await idAfter(four, [1, 2, 3, 5]), 5n, 'two of four may need the third to get any further');
});

t.test('a member that any of the others knows to have started does not start again without its data', async (t) => {
  const answers = [described(1), described(2), described(3), described(4, { name: 'm5' })];
  await t.rejects(idAfter(answers), { code: 'JOIN_FAILED', message: /already been started, and has lost its data/ });
});
