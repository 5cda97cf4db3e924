/**
 * The same etcdctl commands against a real etcd and against Flotilla, one after the other: what they print and how they end
 * has to be the same, ids, times, sizes and versions aside.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { until } from '../conformance/etcd/rules.ts';
import { type Server, hasEtcd, serverKinds, startEtcd } from '../conformance/etcd/servers.ts';

t.setTimeout(0);

const etcdctl = process.env['ETCDCTL_PATH'] ?? '/usr/bin/etcdctl';
const env = { ...process.env, ETCDCTL_API: '3' };
const skip = existsSync(etcdctl) && hasEtcd ? false : 'etcd or etcdctl is not installed';

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end. Names in capitals stand for what an earlier command printed. */
function run(target: string, args: readonly string[], stdin = ''): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(etcdctl, [`--endpoints=${target}`, ...args], { env }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
    });
    child.stdin?.end(stdin);
  });
}

/** What differs between any two runs, replaced by what it is. */
function comparable(target: string, text: string): string {
  return (
    text
      .split('\n')
      .filter((line) => !line.startsWith('{"level"'))
      .join('\n')
      .replaceAll(target, 'ENDPOINT')
      .replaceAll(/"(cluster_id|member_id|raft_term|ID|leader|raftTerm|raftIndex|raftAppliedIndex)":\d+/g, '"$1":N')
      .replaceAll(/"(ClusterID|MemberID|RaftTerm|Lease)" : \d+/g, '"$1" : N')
      .replaceAll(/\b[0-9a-f]{12,16}\b/g, 'ID')
      .replaceAll(/\b\d{15,20}\b/g, 'ID')
      // A member's id is made of its URLs and of the second in which it is added.
      .replaceAll('member ID already exist', 'Peer URLs already exists')
      // Ids are padded to 16 digits.
      .replaceAll(/ +ID\b/g, ' ID')
      .replaceAll(/"keys":\[(.*?)\]/g, (_, keys: string) => `"keys":[${keys.split(',').sort().join()}]`)
      .replaceAll(
        /attached keys\(\[(.*?)\]\)/g,
        (_, keys: string) => `attached keys([${keys.split(' ').sort().join(' ')}])`,
      )
      .replaceAll(/took = [^\s,]+/g, 'took = TIME')
      .replaceAll(/"took":"[^"]+"/g, '"took":TIME')
      .replaceAll(/took [\d.]+\S*s\b/g, 'took TIME')
      .replaceAll(/remaining\(\d+s\)/g, 'remaining(TIME)')
      .replaceAll(/"ttl":\d+/g, '"ttl":TIME')
      .replaceAll(/ETCD_INITIAL_CLUSTER="(.*?)"/g, (_, list: string) => `CLUSTER ${list.split(',').sort().join()}`)
      .replaceAll(/http:\/\/127\.0\.0\.1:\d+/g, 'URL')
      // A table's columns are as wide as the ids in them.
      .replaceAll(/-{4,}/g, '----')
      .replaceAll(/ {2,}/g, '  ')
  );
}

interface Step {
  /** Words; `LEASE` and `MEMBER` stand for what the last command that made one printed. */
  readonly args: readonly string[];
  readonly stdin?: string;
}

const step = (line: string, stdin?: string): Step => ({
  args: line.split(' '),
  ...(stdin === undefined ? {} : { stdin }),
});

const steps: readonly Step[] = [
  step('put greeting hello'),
  step('put greeting world --prev-kv'),
  step('put count 1 -w json'),
  step('put count 2 --prev-kv -w fields'),
  step('put from-stdin', 'a value\nof two lines'),
  step('put count --ignore-value'),
  step('put missing --ignore-value'),
  step('put leased 1 --lease=4d2'),
  step('put'),
  step('get greeting'),
  step('get greeting -w json'),
  step('get greeting -w fields'),
  step('get greeting --hex'),
  step('get greeting --print-value-only'),
  step('get greeting --rev=2'),
  step('get greeting --rev=999'),
  step('get g --prefix --keys-only'),
  step('get --prefix= --count-only -w fields greeting'),
  step('get a z --limit=2'),
  step('get a z --order=DESCEND --sort-by=VALUE'),
  step('get a z --order=ASCEND --sort-by=MODIFY --keys-only'),
  step('get c --from-key --limit=1'),
  step('get nothing'),
  step('get nothing -w json'),
  step('get greeting --consistency=s'),
  step('txn', 'value("greeting") = "world"\n\nput t yes\nget greeting\n\nput t no\n\n'),
  step('txn', 'create("t") = "0"\n\nput t again\n\nget t\ndel t\n\n'),
  step('txn -w json', 'mod("t") > "0"\nver("t") = "1"\n\nget t\n\n\n'),
  step('txn', 'val("t") = "x"\n\nput a 1\nput a 2\n\n\n'),
  step('del greeting'),
  step('del greeting'),
  step('put d1 1'),
  step('put d2 2'),
  step('del d --prefix --prev-kv'),
  step('del e f --prev-kv -w json'),
  step('compaction 3'),
  step('compaction 3'),
  step('compaction 9999'),
  step('get count --rev=2'),
  step('compaction 4 --physical'),
  step('lease grant 600'),
  step('put leased 1 --lease=LEASE'),
  step('put leased2 2 --lease=LEASE'),
  step('lease list'),
  step('lease list -w json'),
  step('lease timetolive LEASE'),
  step('lease timetolive LEASE --keys'),
  step('lease timetolive LEASE --keys -w json'),
  step('lease timetolive 4d2'),
  step('lease keep-alive --once LEASE'),
  step('lease keep-alive --once 4d2'),
  step('get leased -w json'),
  step('lease revoke LEASE'),
  step('lease revoke LEASE'),
  step('lease list'),
  step('get leased --prefix'),
  step('lease grant 1'),
  step('lease revoke LEASE'),
  step('lease grant 9000000001'),
  step('lease grant x'),
  step('alarm list'),
  step('alarm disarm'),
  step('endpoint health'),
  step('endpoint health -w json'),
  step('member list'),
  step('member list -w json'),
  step('member list -w table'),
  step('member list -w fields'),
  step('member add n1 --peer-urls=http://127.0.0.1:1 --learner'),
  step('member add n2 --peer-urls=http://127.0.0.1:2 --learner'),
  step('member add n2 --peer-urls=http://127.0.0.1:1'),
  step('member add n2 --peer-urls=127.0.0.1'),
  step('member add n2'),
  step('member add'),
  step('member promote MEMBER'),
  step('member promote 4d2'),
  step('member promote x'),
  step('member update MEMBER --peer-urls=http://127.0.0.1:3'),
  step('member update 4d2 --peer-urls=http://127.0.0.1:3'),
  step('member update MEMBER'),
  step('member remove MEMBER'),
  step('member remove MEMBER'),
  step('member remove 4d2'),
  step('member remove'),
  step('member list -w table'),
  step('move-leader 4d2'),
  step('defrag'),
  step('lock l -- echo held'),
  step('lock l --ttl=30 -- false'),
  step('get l --prefix'),
  step('watch -- put'),
  step('version'),
  step('help get'),
  step('no-such-command'),
];

/** What every command of a server's printed, comparably. */
async function transcript({ targets }: Server): Promise<readonly string[]> {
  const [target = ''] = targets;
  const lines: string[] = [];
  let [lease, member] = ['', ''];
  for (const { args, stdin } of steps) {
    const given = args.map((word) => word.replace('LEASE', lease).replace('MEMBER', member));
    const { code, stdout, stderr } = await run(target, given, stdin);
    lease = /lease ([0-9a-f]+) granted/.exec(stdout)?.[1] ?? lease;
    member = /Member +([0-9a-f]+) added/.exec(stdout)?.[1] ?? member;
    lines.push(`$ ${args.join(' ')} -> ${code}\n${comparable(target, stdout)}${comparable(target, stderr)}`);
  }
  return lines;
}

t.test('commands print the same', { skip }, async (t) => {
  const flotilla = await serverKinds[0]?.start({});
  const etcd = await startEtcd(1, { all: { name: 'm0' } });
  if (!flotilla) throw new Error('no server');
  try {
    const [ours, theirs] = [await transcript(flotilla), await transcript(etcd)];
    for (const [i, { args }] of steps.entries()) t.equal(ours[i], theirs[i], args.join(' '));
  } finally {
    await Promise.all([flotilla.stop(), etcd.stop()]);
  }
});

/** A command that runs until it is stopped, and the lines it prints. */
function start(
  target: string,
  line: string,
): { readonly lines: string[]; stop(signal?: NodeJS.Signals): Promise<void> } {
  const child: ChildProcess = spawn(etcdctl, [`--endpoints=${target}`, ...line.split(' ')], {
    env,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const lines: string[] = [];
  let rest = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n');
    rest = parts.pop() ?? '';
    lines.push(...parts);
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return {
    lines,
    async stop(signal = 'SIGINT') {
      child.kill(signal);
      await exited;
    },
  };
}

/** Runs the flotilla command; what it says. */
function restore(args: readonly string[]): Promise<string> {
  const main = fileURLToPath(new URL('../../packages/cli/dist/main.js', import.meta.url));
  return new Promise((resolve) => {
    execFile(process.execPath, [main, ...args], (_, stdout, stderr) => resolve(stdout + stderr));
  });
}

for (const kind of [serverKinds[0], serverKinds[2]]) {
  if (!kind) continue;
  t.test(`commands that go on: ${kind.name}`, { skip }, async (t) => {
    const server = await kind.start({});
    const [target = ''] = server.targets;
    const directory = await mkdtemp(join(tmpdir(), 'flotilla-etcdctl-'));
    try {
      await t.test('watch', async (t) => {
        await run(target, ['put', 'w', '1']);
        await run(target, ['put', 'w', '2']);
        const watch = start(target, 'watch w --rev=2 --prev-kv');
        await until(() => watch.lines.length >= 7);
        await run(target, ['del', 'w']);
        await until(() => watch.lines.length >= 13);
        await watch.stop();
        t.equal(watch.lines.join(' '), 'PUT w 1 PUT w 1 w 2 DELETE w 2 w ');
      });

      await t.test('lock: one holds it, the next gets it when the first is stopped', async (t) => {
        const first = start(target, 'lock l');
        await until(() => first.lines.length >= 1);
        const second = start(target, 'lock l');
        await until(
          async () => (await run(target, ['get', 'l/', '--prefix', '--keys-only'])).stdout.split('\n\n').length === 3,
        );
        t.strictSame(second.lines, []);
        await first.stop();
        await until(() => second.lines.length >= 1);
        t.match(second.lines[0], /^l\/[0-9a-f]+$/);
        t.not(second.lines[0], first.lines[0]);
        await second.stop();
        t.equal((await run(target, ['get', 'l/', '--prefix'])).stdout, '');
      });

      await t.test('elect: a leader, an observer, the next leader', async (t) => {
        const first = start(target, 'elect e one');
        await until(() => first.lines.length === 2);
        t.equal(first.lines[1], 'one');
        const observer = start(target, 'elect -l e');
        await until(() => observer.lines.includes('one'));
        const second = start(target, 'elect e two');
        await until(
          async () =>
            (await run(target, ['get', 'e/', '--prefix', '--print-value-only'])).stdout.length === 'one\ntwo\n'.length,
        );
        t.strictSame(second.lines, []);
        await first.stop();
        await until(() => second.lines.length === 2);
        await until(() => observer.lines.includes('two'));
        await Promise.all([second.stop(), observer.stop()]);
      });

      await t.test('lease keep-alive', async (t) => {
        const granted = await run(target, ['lease', 'grant', '2']);
        const [, id = ''] = /lease (\S+) granted/.exec(granted.stdout) ?? [];
        const keeper = start(target, `lease keep-alive ${id}`);
        await until(() => keeper.lines.length >= 2);
        t.match(keeper.lines[1], `lease ${id} keepalived with TTL(2)`);
        await run(target, ['lease', 'revoke', id]);
        await until(() => keeper.lines.some((line) => line.includes('expired or revoked')));
        await keeper.stop();
      });

      await t.test('snapshot save', async (t) => {
        const file = join(directory, 'snapshot.db');
        const { code, stdout } = await run(target, ['snapshot', 'save', file]);
        t.strictSame([code, stdout], [0, `Snapshot saved at ${file}\n`]);
        if (kind !== serverKinds[0]) return;
        const [hash = '', revision, keys, size] = (await restore(['brain', 'snapshot', 'status', file]))
          .trim()
          .split(', ');
        t.match([hash, revision, keys, size], [/^[0-9a-f]{1,8}$/, /^\d+$/, /^\d+$/, /^[\d.]+ k?B$/]);
        const told: unknown = JSON.parse(await restore(['brain', 'snapshot', 'status', file, '--write-out=json']));
        t.match(told, {
          hash: parseInt(hash, 16),
          revision: Number(revision),
          totalKey: Number(keys),
          totalSize: Number,
        });
        t.match(await restore(['brain', 'snapshot', 'save', file]), /name the snapshot/);
        const dataDir = join(directory, 'restored');
        const restored = await restore(['brain', 'restore', file, '--name=r', `--data-dir=${dataDir}`]);
        t.match(restored, `restored revision ${revision} into `);
        t.match(await restore(['brain', 'restore', file, '--name=r', `--data-dir=${dataDir}`]), /is not empty/);
        const raised = ['brain', 'restore', file, '--name=r', `--data-dir=${join(directory, 'raised')}`];
        t.match(await restore([...raised, '--bump-revision=1000']), /go together/);
        t.match(await restore([...raised, '--mark-compacted']), /go together/);
        const [, plain = 0] = /revision (\d+)/.exec(restored) ?? [];
        const raisedTo = Number(plain) + 1000;
        t.match(
          await restore([...raised, '--bump-revision=1000', '--mark-compacted']),
          `restored revision ${raisedTo} `,
        );
      });

      await t.test('endpoint status and hashkv', async (t) => {
        const status = (await run(target, ['endpoint', 'status'])).stdout.trim().split(', ');
        t.strictSame([status.length, status[0], status[4], status[5]], [9, target, 'true', 'false']);
        t.match((await run(target, ['endpoint', 'status', '-w', 'table'])).stdout, /RAFT APPLIED INDEX/);
        t.match((await run(target, ['endpoint', 'hashkv'])).stdout, new RegExp(`^${target}, \\d+\n$`));
        const { stdout } = await run(target, ['endpoint', 'hashkv', '-w', 'json']);
        t.match(JSON.parse(stdout), [{ Endpoint: target, HashKV: { compact_revision: Number } }]);
      });

      await t.test('alarm disarm', async (t) => {
        t.equal((await run(target, ['alarm', 'disarm'])).stdout, '');
      });
    } finally {
      await rm(directory, { recursive: true, force: true });
      await server.stop();
    }
  });
}

t.test('make-mirror, from one to the other and back', { skip }, async (t) => {
  const flotilla = await serverKinds[0]?.start({});
  const etcd = await startEtcd(1, {});
  if (!flotilla) throw new Error('no server');
  try {
    for (const [from = '', to = '', key] of [
      [flotilla.targets[0], etcd.targets[0], 'there'],
      [etcd.targets[0], flotilla.targets[0], 'back'],
    ]) {
      await run(from, ['put', `${key}/early`, '1']);
      const mirror = start(from, `make-mirror --prefix ${key}/ ${to}`);
      const value = async (name: string): Promise<string> =>
        (await run(to, ['get', `${key}/${name}`, '--print-value-only'])).stdout;
      await until(async () => (await value('early')) === '1\n');
      await run(from, ['put', `${key}/late`, '2']);
      await until(async () => (await value('late')) === '2\n');
      await run(from, ['del', `${key}/early`]);
      await until(async () => (await value('early')) === '');
      await mirror.stop();
    }
  } finally {
    await Promise.all([flotilla.stop(), etcd.stop()]);
  }
  t.pass('mirrored');
});
