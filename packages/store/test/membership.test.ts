/** Members: what conf changes do to them, what they publish, and that state and configuration stay together on disk. */
import t from 'tap';
import {
  type Applied,
  type InitialMembership,
  type MembershipView,
  type OpenedState,
  type Store,
  createMemoryDatabases,
  createMemoryStateDirectory,
  encodeMemberAdd,
  hashState,
  openState,
  restoreState,
  textOf,
} from '@flotilla/store';
import { optionsFor } from './persistence-harness.ts';
import { applyData, entryData, entryOfBody, nextEntry } from './server.ts';
import { createTestClock } from './test-clock.ts';

const initialMembership: InitialMembership = {
  members: [
    { id: 1n, peerUrls: ['http://a:1'] },
    { id: 2n, peerUrls: ['http://b:1'] },
  ],
  config: Buffer.from('begin'),
};

function createPlace(initial: InitialMembership | undefined = initialMembership) {
  const databases = createMemoryDatabases();
  const directory = createMemoryStateDirectory('/state', databases);
  const options = optionsFor('/state', {
    openDatabase: databases.open,
    openDirectory: () => directory,
    clock: createTestClock(),
    initialMembership: initial,
  });
  return { options, open: () => openState(options) };
}

interface Change {
  readonly id: bigint;
  readonly urls?: readonly string[];
  readonly isLearner?: boolean;
}

const add = ({ id, urls = [`http://m${id}:1`], isLearner = false }: Change): Uint8Array =>
  entryOfBody('memberAdd', encodeMemberAdd({ id, peerUrls: urls, isLearner, maxLearners: 1 }));
const remove = (id: number): Uint8Array => entryData('memberRemove', { ID: id });
const promote = (id: number): Uint8Array => entryData('memberPromote', { ID: id });
const update = (id: number, ...peerURLs: string[]): Uint8Array => entryData('memberUpdate', { ID: id, peerURLs });

/** Applies a conf change; the configuration after it is its index as text. */
function change(store: Store, data: Uint8Array): Applied {
  const entry = nextEntry(store, data);
  return store.applyConfChange(entry, (isAccepted) =>
    Buffer.from(`${isAccepted ? 'applied' : 'refused'} ${entry.index}`),
  );
}

function refusal(store: Store, data: Uint8Array): string {
  const before = textOfMembers(store.membership);
  const { outcome } = change(store, data);
  if (outcome.ok) return 'accepted';
  if (textOfMembers(store.membership) !== before) return 'refused, but changed';
  return textOf(outcome.error.code);
}

function textOfMembers({ members, removed }: MembershipView): string {
  const list = [...members].map(
    ([id, { name, peerUrls, isLearner }]) => `${id}${name && `=${name}`}@${peerUrls.join('+')}${isLearner ? '?' : ''}`,
  );
  return [...list.sort(), ...[...removed].map((id) => `-${id}`)].join(' ');
}

const configText = ({ store }: OpenedState): string => Buffer.from(store.membership.config ?? []).toString();

t.test('a cluster begins with the members of its flags', async (t) => {
  const opened = await createPlace().open();
  t.equal(textOfMembers(opened.store.membership), '1@http://a:1 2@http://b:1');
  t.equal(configText(opened), 'begin');
  await opened.state.close();
});

t.test('members are added, promoted, moved and removed, each as etcd allows it', async (t) => {
  const { store, state } = await createPlace().open();
  t.equal(refusal(store, add({ id: 3n, isLearner: true })), 'accepted');
  t.equal(textOfMembers(store.membership), '1@http://a:1 2@http://b:1 3@http://m3:1?');
  t.equal(refusal(store, add({ id: 4n, isLearner: true })), 'etcdserver: too many learner members in cluster');
  t.equal(refusal(store, add({ id: 2n })), 'etcdserver: member ID already exist');
  t.equal(refusal(store, add({ id: 4n, urls: ['http://x:1', 'http://a:1'] })), 'etcdserver: Peer URLs already exists');
  t.equal(refusal(store, promote(2)), 'etcdserver: can only promote a learner member');
  t.equal(refusal(store, promote(9)), 'etcdserver: member not found');
  t.equal(refusal(store, promote(3)), 'accepted');
  t.equal(refusal(store, update(9, 'http://x:1')), 'etcdserver: member not found');
  t.equal(refusal(store, update(1, 'http://b:1')), 'etcdserver: Peer URLs already exists');
  t.equal(refusal(store, update(1, 'http://a:1', 'http://a:2')), 'accepted');
  t.equal(refusal(store, remove(9)), 'etcdserver: member not found');
  t.equal(refusal(store, remove(2)), 'accepted');
  t.equal(refusal(store, remove(2)), 'etcdserver: member not found');
  t.equal(textOfMembers(store.membership), '1@http://a:1+http://a:2 3@http://m3:1 -2');
  t.equal(refusal(store, add({ id: 2n })), 'etcdserver: member not found', 'an id that was removed never returns');
  await state.close();
});

t.test('members describe themselves, and who is none is not described', async (t) => {
  const { store, state } = await createPlace().open();
  applyData(store, entryData('memberAttributes', { ID: 1, name: 'one', clientURLs: ['http://c:1'] }));
  applyData(store, entryData('memberAttributes', { ID: 7, name: 'seven' }));
  t.same(store.membership.members.get(1n), {
    name: 'one',
    peerUrls: ['http://a:1'],
    clientUrls: ['http://c:1'],
    isLearner: false,
  });
  t.equal(store.membership.members.has(7n), false);
  await state.close();
});

t.test('state and configuration are read back as of the same entry', async (t) => {
  const place = createPlace();
  const first = await place.open();
  applyData(first.store, entryData('memberAttributes', { ID: 1, name: 'one' }));
  change(first.store, add({ id: 3n, isLearner: true }));
  first.state.logSyncedTo(2);
  await first.state.flush();
  change(first.store, remove(2));
  change(first.store, new Uint8Array(0));
  const whole = hashState(first.store);
  await first.state.close();

  const second = await place.open();
  t.equal(second.store.appliedIndex, 2, 'what the log has not synced is not written');
  t.equal(textOfMembers(second.store.membership), '1=one@http://a:1 2@http://b:1 3@http://m3:1?');
  t.equal(configText(second), 'applied 2');
  change(second.store, remove(2));
  change(second.store, new Uint8Array(0));
  t.equal(hashState(second.store), whole);
  second.state.logSyncedTo(4);
  await second.state.close();

  const third = await place.open();
  t.equal(textOfMembers(third.store.membership), '1=one@http://a:1 3@http://m3:1? -2');
  t.equal(configText(third), 'applied 4', 'a change that raft makes by itself changes the configuration alone');
  t.equal(hashState(third.store), whole);
  await third.state.close();
});

t.test('a state knows the members that it began with before anything else was written', async (t) => {
  const place = createPlace();
  const first = await place.open();
  change(first.store, remove(2));
  await first.state.close();
  const again = await openState({ ...place.options, initialMembership: undefined });
  t.equal(again.store.appliedIndex, 0);
  t.equal(textOfMembers(again.store.membership), '1@http://a:1 2@http://b:1');
  t.equal(configText(again), 'begin');
  await again.state.close();
});

t.test('a snapshot brings members and configuration; a newcomer has none before', async (t) => {
  const sender = await createPlace().open();
  change(sender.store, add({ id: 3n }));
  change(sender.store, remove(2));
  sender.state.logSyncedTo(2);
  await sender.state.reachedEntry(2);
  const exported = sender.state.exportSnapshot();
  t.equal(exported.index, 2);

  const newcomer = await openState({ ...createPlace().options, initialMembership: undefined });
  t.equal(newcomer.store.membership.config, undefined);
  const incoming = await newcomer.state.receiveSnapshot(exported);
  const chunks: Uint8Array[] = [];
  for await (const chunk of exported.chunks) {
    chunks.push(chunk);
    await incoming.write(chunk);
  }
  await exported.close();
  let received: OpenedState | undefined;
  await incoming.finish((opened) => (received = opened));
  if (!received) throw new Error('nothing took over');
  t.equal(textOfMembers(received.store.membership), '1@http://a:1 3@http://m3:1 -2');
  t.equal(configText(received), 'applied 2');
  await received.state.close();

  const restored = createPlace();
  await restoreState(
    restored.options,
    (async function* () {
      yield* chunks;
      await Promise.resolve();
    })(),
  );
  const opened = await openState({ ...restored.options, initialMembership: undefined });
  t.equal(textOfMembers(opened.store.membership), '1@http://a:1 2@http://b:1', 'a restored cluster begins anew');
  t.equal(configText(opened), 'begin');
  await opened.state.close();
  await sender.state.close();
});
