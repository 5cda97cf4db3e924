/** The JSON gateway and the other HTTP paths of the client port. */
import http, { type IncomingMessage } from 'node:http';
import { type Setting, conformance, until } from './rules.ts';

interface Reply {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

type Json = Readonly<Record<string, unknown>>;

const base64 = (value: Uint8Array | string): string => Buffer.from(value).toString('base64');

function ask(
  { client }: Pick<Setting, 'client'>,
  path: string,
  {
    method = 'GET',
    body = '',
    headers = {},
  }: { method?: string; body?: string; headers?: Record<string, string> } = {},
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const request = http.request(`http://${client.target}${path}`, { method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const type = response.headers['content-type'] ?? '';
        resolve({ status: response.statusCode ?? 0, type, body: Buffer.concat(chunks).toString() });
      });
    });
    request.on('error', reject);
    request.end(body);
  });
}

/** What lies at the end of a path. */
function dig(value: unknown, ...path: (string | number)[]): unknown {
  return path.reduce((at, name) => (at as Record<string | number, unknown> | undefined)?.[name], value);
}

/** Posts a message; what comes back must be JSON. */
async function post(
  setting: Pick<Setting, 'client'>,
  path: string,
  message: Json | string,
): Promise<Reply & { json: Json }> {
  const body = typeof message === 'string' ? message : JSON.stringify(message);
  const reply = await ask(setting, path, { method: 'POST', body });
  return { ...reply, json: JSON.parse(reply.body) as Json };
}

/** A call whose responses stream: read line by line. */
function openLines(
  { t, client }: Pick<Setting, 't' | 'client'>,
  path: string,
): { send(message: Json): void; next(): Promise<Json> } {
  const lines: string[] = [];
  let rest = '';
  let wake: (() => void) | undefined;
  const request = http.request(`http://${client.target}${path}`, { method: 'POST', agent: false });
  request.on('response', (response: IncomingMessage) => {
    response.setEncoding('utf8');
    response.on('error', () => undefined);
    response.on('data', (chunk: string) => {
      const parts = (rest + chunk).split('\n');
      rest = parts.pop() ?? '';
      lines.push(...parts);
      wake?.();
    });
  });
  request.on('error', () => undefined);
  t.teardown(() => request.destroy());
  return {
    send: (message) => void request.write(`${JSON.stringify(message)}\n`),
    async next() {
      while (lines.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      return JSON.parse(lines.shift() ?? '') as Json;
    },
  };
}

/** The code and message of a refused call. */
const errorOf = ({ status, json }: Reply & { json: Json }): unknown[] => [status, json['code'], json['message']];

const headerFields = ['cluster_id', 'member_id', 'raft_term', 'revision'];

conformance('Gateway', ({ rule }) => {
  rule('64-bit integers are strings, bytes base64, zero values left out', async (setting) => {
    const { t, client, key } = setting;
    const { header } = await client.kv.Put({ key: key('a'), value: Buffer.of(0, 255) });
    const revision = String(header?.revision);
    const { status, type, json } = await post(setting, '/v3/kv/range', { key: base64(key('a')) });
    t.equal(status, 200);
    t.match(type, /^application\/json/);
    t.strictSame(Object.keys(json).sort(), ['count', 'header', 'kvs'], 'more is left out');
    t.strictSame(Object.keys(json['header'] as Json).sort(), headerFields);
    t.ok(Object.values(json['header'] as Json).every((value) => typeof value === 'string'));
    const value = base64(Buffer.of(0, 255));
    const kv = { key: base64(key('a')), create_revision: revision, mod_revision: revision, version: '1', value };
    t.strictSame([json['kvs'], json['count']], [[kv], '1']);
  });

  rule('a put and a delete', async (setting) => {
    const { t, key } = setting;
    const a = base64(key('a'));
    const put = await post(setting, '/v3/kv/put', { key: a, value: base64('1') });
    t.strictSame([put.status, Object.keys(put.json)], [200, ['header']]);
    const again = await post(setting, '/v3/kv/put', { key: a, value: base64('2'), prev_kv: true });
    t.equal((again.json['prev_kv'] as Json)['value'], base64('1'));
    const gone = await post(setting, '/v3/kv/deleterange', { key: a, prev_kv: true });
    t.equal(gone.json['deleted'], '1');
    const none = await post(setting, '/v3/kv/deleterange', { key: a });
    t.strictSame(Object.keys(none.json), ['header']);
  });

  rule('members', async (setting) => {
    const { t } = setting;
    const add = { peerURLs: ['http://127.0.0.1:1'], isLearner: true };
    let added = await post(setting, '/v3/cluster/member/add', add);
    // Three members are unhealthy to etcd until they have been connected for five seconds.
    await until(async () => {
      if (added.json['message'] !== 'etcdserver: unhealthy cluster') return true;
      added = await post(setting, '/v3/cluster/member/add', add);
      return false;
    });
    t.equal(added.status, 200);
    const { ID, ...member } = added.json['member'] as Json;
    t.strictSame([typeof ID, member], ['string', add]);
    const list = await post(setting, '/v3/cluster/member/list', {});
    t.strictSame(list.json['members'], added.json['members']);
    t.match(list.json['members'] as Json[], [{ ID: String, peerURLs: Array }]);
    const promoted = await post(setting, '/v3/cluster/member/promote', { ID });
    t.match(errorOf(promoted).slice(1), [9, /in sync with leader/]);
    const peerURLs = ['http://127.0.0.1:2'];
    const updated = await post(setting, '/v3/cluster/member/update', { ID, peerURLs });
    t.equal(updated.status, 200, updated.json['message'] as string);
    t.strictSame((updated.json['members'] as Json[]).find((one) => one['ID'] === ID)?.['peerURLs'], peerURLs);
    const removed = await post(setting, '/v3/cluster/member/remove', { ID });
    t.equal((removed.json['members'] as Json[]).length, (list.json['members'] as Json[]).length - 1);
    const again = await post(setting, '/v3/cluster/member/update', { ID, peerURLs });
    t.strictSame(errorOf(again), [404, 5, 'etcdserver: member not found']);
  });

  rule('integers come as strings or as numbers, enums by name or number', async (setting) => {
    const { t, client, key, end } = setting;
    for (const name of ['a', 'b', 'c']) await client.kv.Put({ key: key(name) });
    const range = { key: base64(key()), range_end: base64(end) };
    for (const [limit, sort_order] of [
      ['2', 'DESCEND'],
      [2, 2],
    ] as const) {
      const { json } = await post(setting, '/v3/kv/range', { ...range, limit, sort_order });
      const keys = (json['kvs'] as Json[]).map((kv) => kv['key']);
      t.strictSame([keys, json['more'], json['count']], [[base64(key('c')), base64(key('b'))], true, '3']);
    }
  });

  rule('fields may be named in camel case, and unknown ones are ignored', { since: '3.5' }, async (setting) => {
    const { t, client, key, end } = setting;
    await client.kv.Put({ key: key('a') });
    const request = { key: base64(key()), rangeEnd: base64(end), countOnly: true, noSuchField: { x: 1 } };
    t.equal((await post(setting, '/v3/kv/range', request)).json['count'], '1');
  });

  rule('an empty body is an empty message', async (setting) => {
    const { t } = setting;
    const { status, json } = await post(setting, '/v3/maintenance/status', '');
    t.equal(status, 200);
    t.match(json['version'], /^\d+\.\d+\.\d+$/);
    t.equal(typeof json['dbSize'], 'string');
  });

  rule('a transaction: enum names, oneofs, nested responses', async (setting) => {
    const { t, key } = setting;
    const a = base64(key('a'));
    const compare = [{ key: a, target: 'CREATE', result: 'EQUAL', create_revision: '0' }];
    const request = {
      compare,
      success: [{ request_put: { key: a, value: base64('1') } }, { request_range: { key: a } }],
      failure: [{ request_range: { key: a } }],
    };
    const first = await post(setting, '/v3/kv/txn', request);
    t.equal(first.json['succeeded'], true);
    const [put, range] = first.json['responses'] as Json[];
    t.strictSame(Object.keys(put ?? {}), ['response_put']);
    t.strictSame(dig(range, 'response_range', 'kvs', 0, 'value'), base64('1'));
    const second = await post(setting, '/v3/kv/txn', request);
    t.notOk('succeeded' in second.json, 'false is left out');
    t.equal((second.json['responses'] as Json[]).length, 1);
  });

  rule('refusals have the code, the message and the status of HTTP', async (setting) => {
    const { t, key } = setting;
    const a = base64(key('a'));
    const cases: readonly (readonly [string, Json, unknown[]])[] = [
      ['/v3/kv/range', {}, [400, 3, 'etcdserver: key is not provided']],
      ['/v3/kv/put', { key: a, lease: '4711' }, [404, 5, 'etcdserver: requested lease not found']],
      ['/v3/lease/grant', { TTL: '9000000001' }, [400, 11, 'etcdserver: too large lease TTL']],
      [
        '/v3/kv/range',
        { key: a, revision: '999999' },
        [400, 11, 'etcdserver: mvcc: required revision is a future revision'],
      ],
    ];
    for (const [path, message, expected] of cases) t.strictSame(errorOf(await post(setting, path, message)), expected);
  });

  rule('a failed precondition is a bad request, as any', { since: '3.5' }, async (setting) => {
    const { t, client } = setting;
    const { ID } = await client.lease.LeaseGrant({ TTL: 600 });
    const reply = await post(setting, '/v3/lease/grant', { TTL: '600', ID: ID.toString() });
    t.strictSame(errorOf(reply), [400, 9, 'etcdserver: lease already exists']);
    await client.lease.LeaseRevoke({ ID });
  });

  rule('an error has code and message, and nothing else', { since: '3.7' }, async (setting) => {
    const { t } = setting;
    const { json } = await post(setting, '/v3/kv/range', {});
    t.strictSame(Object.keys(json).sort(), ['code', 'message']);
  });

  rule('what is no message is refused', async (setting) => {
    const { t } = setting;
    for (const body of ['{', '{"key":5}', '{"key":"%"}', '{"limit":"x"}', '{"limit":1.5}', '{"sort_order":"UP"}']) {
      const { status, json } = await post(setting, '/v3/kv/range', body);
      t.strictSame([status, json['code']], [400, 3], body);
    }
  });

  rule('only POST calls a method; other paths are not found', async (setting) => {
    const { t } = setting;
    t.equal((await ask(setting, '/v3/no/such', { method: 'POST', body: '{}' })).status, 404);
    const { status } = await ask(setting, '/v3/kv/range');
    t.ok(status === 501 || status === 405, 'GET');
  });

  rule('/v3beta/ is /v3/', async (setting) => {
    const { t, client, key } = setting;
    await client.kv.Put({ key: key('a') });
    t.equal((await post(setting, '/v3beta/kv/range', { key: base64(key('a')) })).json['count'], '1');
  });

  rule('leases, by both aliases', async (setting) => {
    const { t, client, key } = setting;
    for (const prefix of ['/v3/lease/', '/v3/kv/lease/']) {
      const { json: granted } = await post(setting, '/v3/lease/grant', { TTL: '600' });
      t.strictSame(Object.keys(granted).sort(), ['ID', 'TTL', 'header']);
      const { ID } = granted as { ID: string };
      await client.kv.Put({ key: key('a'), lease: Number(ID) > 2 ** 53 ? null : Number(ID) });
      const left = await post(setting, `${prefix}timetolive`, { ID, keys: true });
      t.strictSame([left.json['ID'], left.json['grantedTTL']], [ID, '600']);
      const { json: list } = await post(setting, `${prefix}leases`, {});
      t.ok((list['leases'] as Json[]).some((lease) => lease['ID'] === ID));
      t.equal((await post(setting, `${prefix}revoke`, { ID })).status, 200);
      t.equal((await post(setting, `${prefix}timetolive`, { ID })).json['TTL'], '-1');
    }
  });

  rule('a keep-alive is a stream of one', async (setting) => {
    const { t } = setting;
    const { json } = await post(setting, '/v3/lease/grant', { TTL: '600' });
    const { ID } = json as { ID: string };
    const { json: answer, type } = await post(setting, '/v3/lease/keepalive', { ID });
    const result = answer['result'] as Json;
    t.strictSame([result['ID'], result['TTL']], [ID, '600']);
    t.match(type, /^application\/json/);
    const unknown = await post(setting, '/v3/lease/keepalive', { ID: '4711' });
    t.notOk('TTL' in (unknown.json['result'] as Json), 'a TTL of 0 is left out');
    await post(setting, '/v3/lease/revoke', { ID });
  });

  rule('a watch streams results, a line each', async (setting) => {
    const { t, client, key } = setting;
    const lines = openLines(setting, '/v3/watch');
    lines.send({ create_request: { key: base64(key('a')) } });
    const created = (await lines.next())['result'] as Json;
    t.equal(created['created'], true);
    t.notOk('watch_id' in created, 'id 0 is left out');
    const { header } = await client.kv.Put({ key: key('a'), value: Buffer.from('1') });
    const put = (await lines.next())['result'] as Json;
    const [event] = put['events'] as Json[];
    t.notOk('type' in (event ?? {}), 'PUT is the zero of its enum');
    t.equal(dig(event, 'kv', 'value'), base64('1'));
    t.equal((put['header'] as Json)['revision'], String(header?.revision));
    await client.kv.DeleteRange({ key: key('a') });
    const gone = ((await lines.next())['result'] as Json)['events'] as Json[];
    t.equal(gone[0]?.['type'], 'DELETE');
    lines.send({ create_request: { key: base64(key('b')), watch_id: '7' } });
    t.equal(((await lines.next())['result'] as Json)['watch_id'], '7');
  });

  rule('a watch whose request ends goes on', async (setting) => {
    const { t, client, key } = setting;
    const body = JSON.stringify({ create_request: { key: base64(key('a')) } });
    let seen = '';
    const request = http.request(`http://${client.target}/v3/watch`, { method: 'POST', agent: false }, (response) => {
      response.on('error', () => undefined);
      response.on('data', (chunk: Buffer) => (seen += chunk.toString()));
    });
    request.on('error', () => undefined);
    t.teardown(() => request.destroy());
    request.end(body);
    await until(() => seen.includes('created'));
    await client.kv.Put({ key: key('a') });
    await until(() => seen.includes('events'));
    t.equal(seen.trim().split('\n').length, 2);
  });

  rule('locks and elections', async (setting) => {
    const { t, key } = setting;
    const lock = await post(setting, '/v3/lock/lock', { name: base64(key('l')) });
    t.equal(typeof lock.json['key'], 'string');
    t.equal((await post(setting, '/v3/lock/unlock', { key: lock.json['key'] })).status, 200);
    const won = await post(setting, '/v3/election/campaign', { name: base64(key('e')), value: base64('me') });
    const leader = won.json['leader'] as Json;
    t.strictSame(Object.keys(leader).sort(), ['key', 'lease', 'name', 'rev']);
    const { json } = await post(setting, '/v3/election/leader', { name: base64(key('e')) });
    t.equal((json['kv'] as Json)['value'], base64('me'));
    t.equal((await post(setting, '/v3/election/resign', { leader })).status, 200);
    const none = await post(setting, '/v3/election/leader', { name: base64(key('e')) });
    t.strictSame(errorOf(none), [500, 2, 'election: no leader']);
  });

  rule('a snapshot streams', async (setting) => {
    const { t } = setting;
    const { status, body } = await ask(setting, '/v3/maintenance/snapshot', { method: 'POST', body: '{}' });
    t.equal(status, 200);
    const blobs = body
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { result: { blob: string } }).result.blob);
    t.equal(Buffer.from(blobs.at(-1) ?? '', 'base64').length, 32);
  });

  rule('a request that is too large is refused', async (setting) => {
    const { t, key } = setting;
    const put = (length: number) =>
      post(setting, '/v3/kv/put', { key: base64(key('a')), value: base64(Buffer.alloc(length)) });
    t.equal((await put(1024 * 1024)).status, 200);
    t.strictSame(errorOf(await put(1700 * 1024)), [400, 3, 'etcdserver: request is too large']);
    t.strictSame(errorOf(await put(2200 * 1024)).slice(0, 2), [429, 8]);
  });

  rule('/version tells the versions', async (setting) => {
    const { t, server } = setting;
    const { status, type, body } = await ask(setting, '/version');
    const { etcdserver, etcdcluster } = JSON.parse(body) as Record<string, string>;
    t.strictSame([status, type], [200, 'application/json']);
    t.ok(etcdserver?.startsWith(`${server.level}.`) && etcdcluster?.startsWith(`${server.level}.`));
  });

  rule('/version and the status tell the same, and a patch of the server alone', { since: '3.6' }, async (setting) => {
    const { t, client, server } = setting;
    const { version, storageVersion } = await client.maintenance.Status({});
    const first = `${server.level}.0`;
    const told = { etcdserver: version, etcdcluster: first, storage: first };
    t.strictSame(JSON.parse((await ask(setting, '/version')).body), told);
    t.equal(storageVersion, first);
  });

  rule('/health says true, and nothing but GET asks it', async (setting) => {
    const { t } = setting;
    const { status, body } = await ask(setting, '/health');
    t.strictSame([status, (JSON.parse(body) as Json)['health']], [200, 'true']);
    t.equal((await ask(setting, '/health', { method: 'POST' })).status, 405);
  });

  rule('/health tells of alarms, unless they are excluded', { since: '3.5' }, async (setting) => {
    const { t, client } = setting;
    t.equal((await ask(setting, '/health')).body, '{"health":"true","reason":""}');
    await client.maintenance.Alarm({ action: 1, memberID: 5, alarm: 1 });
    const full = await ask(setting, '/health');
    t.strictSame([full.status, full.body], [503, '{"health":"false","reason":"ALARM NOSPACE"}\n']);
    t.equal((await ask(setting, '/health?exclude=NOSPACE')).status, 200);
    t.equal((await ask(setting, '/health?serializable=true&exclude=NOSPACE')).status, 200);
    await client.maintenance.Alarm({ action: 2, memberID: 5, alarm: 1 });
    t.equal((await ask(setting, '/health')).status, 200);
  });

  rule('/livez and /readyz, their checks, verbose and exclude', { since: '3.6' }, async (setting) => {
    const { t, client } = setting;
    t.strictSame(await ask(setting, '/livez'), { status: 200, type: 'text/plain; charset=utf-8', body: 'ok\n' });
    const names = ['data_corruption', 'serializable_read', 'linearizable_read', 'non_learner'];
    const verbose = (await ask(setting, '/readyz?verbose')).body;
    for (const name of names) {
      t.ok(verbose.includes(`[+]${name} ok\n`));
      t.equal((await ask(setting, `/readyz/${name}`)).status, 200);
    }
    t.ok(verbose.endsWith('ok\n'));
    t.equal((await ask(setting, '/livez/serializable_read')).status, 200);
    t.equal((await ask(setting, '/livez/linearizable_read')).status, 404);
    await client.maintenance.Alarm({ action: 1, memberID: 5, alarm: 2 });
    const corrupt = await ask(setting, '/readyz');
    t.equal(corrupt.status, 503);
    t.ok(corrupt.body.includes('[-]data_corruption failed: alarm activated: CORRUPT\n'));
    t.equal((await ask(setting, '/readyz?exclude=data_corruption')).status, 200);
    t.equal((await ask(setting, '/livez')).status, 200);
    await client.maintenance.Alarm({ action: 2, memberID: 5, alarm: 2 });
  });

  rule('/metrics has the names that dashboards and alerts read', async (setting) => {
    const { t, client, key } = setting;
    await client.kv.Put({ key: key('a') });
    const { status, body } = await ask(setting, '/metrics');
    t.equal(status, 200);
    const names = [
      'etcd_server_has_leader',
      'etcd_server_is_leader',
      'etcd_server_is_learner',
      'etcd_server_leader_changes_seen_total',
      'etcd_server_proposals_committed_total',
      'etcd_server_proposals_applied_total',
      'etcd_server_proposals_pending',
      'etcd_server_proposals_failed_total',
      'etcd_server_quota_backend_bytes',
      'etcd_server_version',
      'etcd_server_id',
      'etcd_cluster_version',
      'etcd_mvcc_db_total_size_in_bytes',
      'etcd_mvcc_db_total_size_in_use_in_bytes',
      'etcd_disk_wal_fsync_duration_seconds_bucket',
      'etcd_disk_backend_commit_duration_seconds_bucket',
      'etcd_network_client_grpc_sent_bytes_total',
      'etcd_network_client_grpc_received_bytes_total',
      'grpc_server_started_total',
      'grpc_server_handled_total',
      'process_resident_memory_bytes',
      'process_cpu_seconds_total',
      'process_open_fds',
    ];
    for (const name of names) t.match(body, new RegExp(`^${name}[ {]`, 'm'), name);
    t.match(body, /grpc_server_started_total\{[^}]*grpc_method="Put"/);
  });

  rule('/debug/vars shows the command line, memory and the state of raft', async ({ t, server }) => {
    const response = await fetch(`http://${server.targets[0]}/debug/vars`);
    t.equal(response.status, 200);
    t.match(response.headers.get('content-type'), /^application\/json/);
    const vars = (await response.json()) as Record<string, unknown>;
    t.ok(Array.isArray(vars['cmdline']));
    t.match(vars, {
      file_descriptor_limit: Number,
      memstats: { Alloc: Number, Sys: Number, HeapAlloc: Number, HeapSys: Number },
      'raft.status': { raftState: 'StateLeader', leadtransferee: '0', term: Number, commit: Number, applied: Number },
    });
    const { id, lead, vote, progress } = vars['raft.status'] as Record<string, Record<string, unknown> | string>;
    t.match(id, /^[0-9a-f]{1,16}$/);
    t.equal(lead, id);
    t.equal(vote, id);
    t.match((progress as Record<string, unknown>)[id as string], {
      match: Number,
      next: Number,
      state: 'StateReplicate',
    });
  });

  rule('what nobody serves is not found', async (setting) => {
    const { t } = setting;
    t.equal((await ask(setting, '/no-such-path')).status, 404);
  });
});
