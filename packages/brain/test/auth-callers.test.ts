/** Who calls, and what the methods of each service ask of whoever calls. */
import t from 'tap';
import { Authentication, clusterGuards, guarded, kvGuards, leaseGuards, maintenanceGuards } from '@flotilla/brain';
import { createStore } from '@flotilla/store';
import { addUsers, authStore } from '@flotilla/store/test/auth-harness';
import {
  type CallContext,
  type Handlers,
  type ServiceTable,
  clusterService,
  kvService,
  leaseService,
  maintenanceService,
} from '@flotilla/wire';
import { refusal } from './credentials.ts';

interface Call {
  readonly commonName?: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

function contextOf({ commonName, metadata = {} }: Call): CallContext {
  return {
    signal: new AbortController().signal,
    metadata: (key) => metadata[key],
    requestBytes: new Uint8Array(0),
    peer: 'a test',
    clientCertificate: commonName === undefined ? undefined : { commonName, organizations: [] },
  };
}

/** A state with the users root and alice, where the token of a user is its name. */
function createAuthentication(options: { readonly clientCertAuth: boolean; readonly enabled?: boolean }) {
  const auth = authStore(createStore());
  addUsers(auth, 'alice');
  if (options.enabled !== false) auth.enable();
  const authentication = new Authentication({
    machine: auth,
    tokens: {
      callerOf: (name) => Promise.resolve(auth.store.auth.user(name) ? auth.as(name) : undefined),
      issue: () => Promise.reject(new Error('nobody logs in')),
    },
    passwords: {
      hash: () => Promise.reject(new Error('no')),
      fits: () => Promise.resolve(false),
      close: () => Promise.resolve(),
    },
    clientCertAuth: options.clientCertAuth,
  });
  return { authentication, auth };
}

t.test('a caller is found from its token, then from its certificate', async (t) => {
  const { authentication, auth } = createAuthentication({ clientCertAuth: true });
  const find = (call: Call) => authentication.callerOf(contextOf(call));
  t.same(await find({ metadata: { token: 'alice' }, commonName: 'root' }), auth.as('alice'));
  t.same(await find({ metadata: { authorization: 'alice' } }), auth.as('alice'));
  t.same(await find({ metadata: { authorization: 'Bearer alice' } }), auth.as('alice'));
  t.same(await find({ commonName: 'alice' }), auth.as('alice'));
  t.same(await find({ commonName: 'stranger' }), auth.as('stranger'), 'a name that nobody has is a name');
  t.equal(await find({ commonName: 'root', metadata: { 'grpcgateway-accept': '*/*' } }), undefined);
  t.equal(await find({}), undefined);
  await t.rejects(Promise.resolve(find({ metadata: { token: 'x' } })), { message: 'etcdserver: invalid auth token' });
  await t.rejects(Promise.resolve(find({ metadata: { token: 'x' }, commonName: 'root' })), {
    message: 'etcdserver: invalid auth token',
  });
});

t.test('a certificate counts only where clients are asked for one', async (t) => {
  const { authentication } = createAuthentication({ clientCertAuth: false });
  t.equal(await authentication.callerOf(contextOf({ commonName: 'root' })), undefined);
});

t.test('while authentication is off nobody is looked for', (t) => {
  const { authentication } = createAuthentication({ clientCertAuth: true, enabled: false });
  t.equal(authentication.callerOf(contextOf({ metadata: { token: 'x' }, commonName: 'root' })), undefined);
  t.end();
});

/** Handlers for every method of a service that do nothing. */
function idle<T extends ServiceTable>(table: T): Handlers<T> {
  const handlers = Object.entries(table).map(([name, { kind }]) => [
    name,
    kind === 'unary' ? () => Promise.resolve({}) : async function* () {},
  ]);
  return Object.fromEntries(handlers) as Handlers<T>;
}

t.test('what each method asks', async (t) => {
  const services = {
    Cluster: [clusterService, clusterGuards],
    Maintenance: [maintenanceService, maintenanceGuards],
    KV: [kvService, kvGuards],
    Lease: [leaseService, leaseGuards],
  } as const;
  const seen: Record<string, string> = {};
  for (const [service, [table, guards]] of Object.entries(services)) {
    for (const enabled of [true, false]) {
      const { authentication } = createAuthentication({ clientCertAuth: false, enabled });
      const handlers = guarded({ authentication }, { table, handlers: idle(table as ServiceTable), guards });
      for (const [name, handler] of Object.entries(handlers)) {
        const run = handler as (request: unknown, context: CallContext) => Promise<unknown> | AsyncIterable<unknown>;
        const call = (metadata: Record<string, string>) => refusal(run({ action: 0 }, contextOf({ metadata })));
        const answers = [await call({}), await call({ token: 'alice' }), await call({ token: 'root' })];
        if (!enabled) t.strictSame(answers, ['ok', 'ok', 'ok'], name);
        else seen[`${service} ${name}`] = answers.map((answer) => (answer === 'ok' ? 'ok' : answer.slice(0, 1))).join();
      }
    }
  }
  const [open, users, root] = ['ok,ok,ok', '3,ok,ok', '3,7,ok'];
  t.strictSame(seen, {
    'Cluster MemberAdd': root,
    'Cluster MemberRemove': root,
    'Cluster MemberUpdate': root,
    'Cluster MemberList': users,
    'Cluster MemberPromote': root,
    'Maintenance Alarm': users,
    'Maintenance Status': users,
    'Maintenance Defragment': root,
    'Maintenance Hash': root,
    'Maintenance HashKV': root,
    'Maintenance Snapshot': root,
    'Maintenance MoveLeader': root,
    'Maintenance Downgrade': root,
    'KV Range': open,
    'KV RangeStream': open,
    'KV Put': open,
    'KV DeleteRange': open,
    'KV Txn': open,
    'KV Compact': root,
    'Lease LeaseGrant': users,
    'Lease LeaseRevoke': users,
    'Lease LeaseKeepAlive': open,
    'Lease LeaseTimeToLive': users,
    'Lease LeaseLeases': users,
  });
});
