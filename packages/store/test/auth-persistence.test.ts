/** Users and roles on disk, over restarts and in snapshots. */
import t from 'tap';
import { type OpenedState, hashState } from '@flotilla/store';
import { READ, READWRITE, addUsers, authStore, bytes, read } from './auth-harness.ts';
import { createMachine, finished } from './persistence-harness.ts';

async function fill({ store, state }: OpenedState): Promise<void> {
  const auth = authStore(store);
  addUsers(auth, 'alice', 'gone');
  auth.allow('alice', READ, 'a', 'c');
  auth.allow('alice', READWRITE, '\xff', '\0');
  auth.apply('userAdd', { name: 'ü', options: { no_password: true } });
  auth.enable();
  auth.apply('userDelete', { name: 'gone' }, auth.as('root'));
  auth.apply('roleDelete', { role: 'gone' }, auth.as('root'));
  state.logSyncedTo(store.appliedIndex);
  await state.flush();
}

t.test('users, roles and the auth revision survive a restart', async (t) => {
  const machine = createMachine();
  const opened = await machine.open();
  await fill(opened);
  const hash = hashState(opened.store);
  await opened.state.close();
  const again = await machine.open();
  t.equal(hashState(again.store), hash);
  t.same(again.store.auth.userNames(), ['alice', 'root', 'ü']);
  t.match(again.store.auth.user('ü'), { noPassword: true, roles: [] });
  const auth = authStore(again.store);
  t.equal(read(auth, { key: bytes('b') }, auth.as('alice')), 'ok');
  t.equal(read(auth, { key: bytes('c') }, auth.as('alice')), 'permissionDenied');
  t.equal(auth.apply('roleAdd', { name: 'more' }, auth.as('root')), 'ok');
  again.state.logSyncedTo(again.store.appliedIndex);
  await again.state.flush();
  const later = hashState(again.store);
  await again.state.close();
  const last = await machine.open();
  t.equal(hashState(last.store), later, 'only what changed was written again');
  await last.state.close();
});

t.test('a user that vanished from the disk is noticed', async (t) => {
  const machine = createMachine();
  const opened = await machine.open();
  await fill(opened);
  await opened.state.close();
  const database = await machine.databases.open({ directory: '/state/generation-000001', createIfMissing: false });
  await database.batch([{ key: Buffer.from('ualice'), value: undefined }], { sync: true });
  await database.close();
  await t.rejects(machine.open(), { code: 'STATE_DAMAGED' });
});

t.test('a snapshot carries users and roles', async (t) => {
  const [sender, receiver] = [createMachine(), createMachine()];
  const opened = await sender.open();
  await fill(opened);
  const exported = opened.state.exportSnapshot();
  const target = await receiver.open();
  const incoming = await target.state.receiveSnapshot(exported);
  for await (const chunk of exported.chunks) await incoming.write(chunk);
  await exported.close();
  const received = await finished(incoming);
  t.equal(hashState(received.store), hashState(opened.store));
  t.equal(received.store.auth.enabled, true);
  await received.state.close();
  await opened.state.close();
});
