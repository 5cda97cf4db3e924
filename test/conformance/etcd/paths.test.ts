/** The paths of the client port: every method's in the JSON gateway, and who may ask what of the others, in which form. */
import http, { type IncomingHttpHeaders } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { text as textOf } from 'node:stream/consumers';
import { once } from 'node:events';
import { type Setting, conformance } from './rules.ts';

type Target = Pick<Setting, 'client'>;

interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

async function ask({ client }: Target, path: string, { method = 'GET', body = '' } = {}): Promise<Reply> {
  const request = http.request(`http://${client.target}${path}`, { method, agent: false });
  request.end(body);
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  return { status: response.statusCode ?? 0, headers: response.headers, body: await textOf(response) };
}

/** What a call with an empty message is answered first: `code message`, or the names of its fields. */
async function call({ client }: Target, path: string, body = '{}'): Promise<string> {
  const request = http.request(`http://${client.target}/v3/${path}`, { method: 'POST', agent: false });
  request.end(body);
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  let seen = '';
  // A stream may go on for ever.
  for await (const chunk of response) if ((seen += String(chunk)).includes('\n')) break;
  request.destroy();
  const [line = ''] = seen.split('\n');
  if (!line.startsWith('{')) return line;
  const { code, message, ...fields } = JSON.parse(line) as { readonly code?: number; readonly message?: string };
  return code === undefined ? Object.keys(fields).sort().join(' ') : `${code} ${message}`;
}

const noKey = '3 etcdserver: key is not provided';
const noLease = '5 etcdserver: requested lease not found';
const noMember = '5 etcdserver: member not found';
const noUser = '9 etcdserver: user name not found';
const noRole = '9 etcdserver: role name not found';
const noLeaderKey = '2 "leader" field must be provided';

/** Path → what it says to nothing. The locks come last: campaigns of the same name wait for them. */
const paths = {
  'kv/range': noKey,
  'kv/put': noKey,
  'kv/deleterange': noKey,
  'kv/txn': 'header succeeded',
  'kv/compaction': 'header',
  'lease/grant': 'ID TTL header',
  'lease/revoke': noLease,
  'kv/lease/revoke': noLease,
  'lease/keepalive': 'result',
  'lease/timetolive': 'TTL header',
  'kv/lease/timetolive': 'TTL header',
  'lease/leases': 'header leases',
  'kv/lease/leases': 'header leases',
  'cluster/member/add': '3 etcdserver: given member URLs are invalid',
  'cluster/member/list': 'header members',
  'cluster/member/update': noMember,
  'maintenance/defragment': '',
  'maintenance/hash': 'hash header',
  'maintenance/snapshot': 'result',
  'auth/disable': 'header',
  'auth/enable': '9 etcdserver: root user does not exist',
  'auth/authenticate': '9 etcdserver: authentication is not enabled',
  'auth/user/add': '3 etcdserver: user name is empty',
  'auth/user/get': noUser,
  'auth/user/list': 'header',
  'auth/user/delete': noUser,
  'auth/user/changepw': noUser,
  'auth/user/grant': noUser,
  'auth/user/revoke': noUser,
  'auth/role/add': '3 etcdserver: role name is empty',
  'auth/role/get': noRole,
  'auth/role/list': 'header',
  'auth/role/delete': noRole,
  'auth/role/revoke': noRole,
  'election/leader': '2 election: no leader',
  'election/proclaim': noLeaderKey,
  'election/resign': noLeaderKey,
  'election/campaign': 'header leader',
  'election/observe': 'result',
  'lock/unlock': '2 etcdserver: key is not provided',
} as const;

/** Paths that came later, and those that say more since. */
const laterPaths = {
  'maintenance/alarm': 'header',
  'maintenance/status':
    'dbSize dbSizeInUse dbSizeQuota downgradeInfo header leader raftAppliedIndex raftIndex raftTerm storageVersion version',
  'maintenance/downgrade': '3 etcdserver: wrong downgrade target version format',
  'auth/status': 'authRevision header',
  'auth/role/grant': '3 etcdserver: permission not given',
} as const;

conformance('Paths', ({ rule }) => {
  rule('every method has its path', async (setting) => {
    for (const [path, answer] of Object.entries(paths)) setting.t.equal(await call(setting, path), answer, path);
  });

  rule('and so have the later ones', { since: '3.7' }, async (setting) => {
    for (const [path, answer] of Object.entries(laterPaths)) setting.t.equal(await call(setting, path), answer, path);
    // Without a revision, 3.7.1 answers with what it has noted of the compaction at revision 0 among the paths above.
    const hash = await call(setting, 'maintenance/hashkv', '{"revision":1}');
    setting.t.match(hash, /(^| )hash_revision header$/, 'maintenance/hashkv');
  });

  rule('a range stream and the health of gRPC have none, and /v3alpha/ is gone', async (setting) => {
    const { t } = setting;
    for (const path of ['/v3/kv/rangestream', '/v3/health/check', '/v3alpha/kv/range', '/v2/keys/a']) {
      t.equal((await ask(setting, path, { method: 'POST', body: '{}' })).status, 404, path);
    }
  });

  rule('reflection is not served', async ({ t, client }) => {
    const session = connectHttp2(`http://${client.target}`);
    t.teardown(() => session.close());
    const call = session.request({
      ':method': 'POST',
      ':path': '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    call.end();
    const [headers] = (await once(call, 'response')) as [Record<string, string>];
    t.equal(headers['grpc-status'], '12');
  });

  rule('what is asked for is got with GET alone', async (setting) => {
    const { t } = setting;
    for (const path of ['/health', '/version', '/debug/vars']) {
      for (const method of ['HEAD', 'POST', 'PUT']) {
        const { status, headers, body } = await ask(setting, path, { method });
        t.equal(status, 405, `${method} ${path}`);
        t.equal(headers.allow, 'GET');
        t.equal(headers['content-type'], 'text/plain; charset=utf-8');
        t.equal(headers['x-content-type-options'], 'nosniff');
        t.equal(body, method === 'HEAD' ? '' : 'Method Not Allowed\n');
      }
    }
    for (const method of ['HEAD', 'POST']) t.equal((await ask(setting, '/metrics', { method })).status, 200);
  });

  rule('each kind of answer says what it is', async (setting) => {
    const { t } = setting;
    const typeOf = async (path: string): Promise<string | undefined> =>
      (await ask(setting, path)).headers['content-type'];
    t.equal(await typeOf('/health'), 'text/plain; charset=utf-8');
    t.equal(await typeOf('/version'), 'application/json');
    t.equal(await typeOf('/debug/vars'), 'application/json; charset=utf-8');
    const escaping = setting.server.level < '3.7' ? '' : '; escaping=underscores';
    t.equal(await typeOf('/metrics'), `text/plain; version=0.0.4; charset=utf-8${escaping}`);
    const { status, headers, body } = await ask(setting, '/');
    t.strictSame([status, body], [404, '404 page not found\n']);
    t.equal(headers['x-content-type-options'], 'nosniff');
  });

  rule(
    '/livez and /readyz are for GET too; what fails stands in lines, an empty one last',
    { since: '3.6' },
    async (s) => {
      const { t, client } = s;
      for (const path of ['/livez', '/readyz', '/readyz/non_learner']) {
        const { status, headers } = await ask(s, path, { method: 'HEAD' });
        t.strictSame([status, headers.allow], [405, 'GET'], path);
        t.equal((await ask(s, path)).headers['x-content-type-options'], 'nosniff');
      }
      await client.maintenance.Alarm({ action: 1, memberID: 5, alarm: 2 });
      const path = '/readyz/data_corruption';
      const failed = await ask(s, path);
      t.strictSame([failed.status, failed.body], [503, '[-]data_corruption failed: alarm activated: CORRUPT\n\n']);
      t.equal((await ask(s, `${path}?exclude=data_corruption`)).status, 503, 'a check alone is not excluded');
      t.equal((await ask(s, '/readyz?exclude=data_corruption&exclude=no_such_check')).body, 'ok\n');
      await client.maintenance.Alarm({ action: 2, memberID: 5, alarm: 2 });
      t.equal((await ask(s, `${path}?verbose`)).body, '[+]data_corruption ok\nok\n');
    },
  );
});
