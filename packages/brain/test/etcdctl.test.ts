import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import t from 'tap';
import { planCluster, startAll, until } from './cluster.ts';

t.setTimeout(0);

const etcdctl = '/usr/bin/etcdctl';
const env = { ...process.env, ETCDCTL_API: '3' };
const run = promisify(execFile);

t.test(
  'etcdctl works unchanged against three members',
  { skip: existsSync(etcdctl) ? false : 'etcdctl is not installed' },
  async (t) => {
    const plan = await planCluster(3);
    const brains = await startAll(plan);
    const children: ChildProcess[] = [];
    t.teardown(async () => {
      for (const child of children) child.kill();
      await Promise.all(brains.map((brain) => brain.close()));
      await plan.clean();
    });
    const ctl = async (...args: string[]): Promise<string> => {
      const { stdout } = await run(etcdctl, [`--endpoints=${plan.endpoints.join(',')}`, ...args], { env });
      return stdout;
    };

    t.equal(await ctl('put', 'greeting', 'hello'), 'OK\n');
    t.equal(await ctl('get', 'greeting'), 'greeting\nhello\n');
    t.equal(await ctl('get', 'g', '--prefix', '--keys-only'), 'greeting\n\n');
    t.equal(await ctl('del', 'greeting'), '1\n');

    const watch = spawn(etcdctl, [`--endpoints=${plan.endpoints[1]}`, 'watch', 'w', '--prefix'], {
      env,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    children.push(watch);
    const lines: string[] = [];
    createInterface({ input: watch.stdout }).on('line', (line) => lines.push(line));
    let written = 0;
    await until(async () => {
      // The watch begins some time after its process does.
      if (lines.length === 0) await ctl('put', `w${written++}`, 'x');
      return lines.length >= 3;
    });
    t.match(lines.slice(0, 3), ['PUT', /^w\d+$/, 'x']);

    const txn = spawn(etcdctl, [`--endpoints=${plan.endpoints[2]}`, 'txn'], { env });
    const output: Buffer[] = [];
    txn.stdout.on('data', (data: Buffer) => output.push(data));
    txn.stdin.end('create("t") = "0"\n\nput t 1\n\nget t\n\n');
    await new Promise((resolve) => txn.once('close', resolve));
    t.equal(Buffer.concat(output).toString(), 'SUCCESS\n\nOK\n');

    const [, lease = ''] = /lease (\S+) granted with TTL\(60s\)/.exec(await ctl('lease', 'grant', '60')) ?? [];
    t.equal(await ctl('put', 'leased', '1', `--lease=${lease}`), 'OK\n');
    t.match(
      await ctl('lease', 'timetolive', lease, '--keys'),
      new RegExp(`^lease ${lease} granted with TTL\\(60s\\), remaining\\(\\d+s\\), attached keys\\(\\[leased\\]\\)`),
    );
    t.match(await ctl('lease', 'keep-alive', '--once', lease), `lease ${lease} keepalived with TTL(60)`);
    t.equal(await ctl('lease', 'list'), `found 1 leases\n${lease}\n`);
    t.equal(await ctl('lease', 'revoke', lease), `lease ${lease} revoked\n`);
    t.equal(await ctl('get', 'leased'), '');

    const rows = (text: string): string[][] =>
      text
        .trim()
        .split('\n')
        .map((line) => line.split(', '));
    const members = rows(await ctl('member', 'list'));
    const ids = brains.map((brain) => brain.status().memberId.toString(16));
    t.strictSame(new Set(members.map((row) => row[0])), new Set(ids));
    for (const row of members) t.equal(row[1], 'started');
    const status = rows(await ctl('endpoint', 'status'));
    for (const row of status) t.equal(row[2], '3.7.1');
    t.equal(status.filter((row) => row[4] === 'true').length, 1, 'one leads');
    t.match(await ctl('endpoint', 'status', '-w', 'table'), /IS LEADER/);
    const health = await run(etcdctl, [`--endpoints=${plan.endpoints.join(',')}`, 'endpoint', 'health'], { env });
    t.equal((health.stdout + health.stderr).match(/is healthy/g)?.length, 3);

    const leader = brains.find((brain) => brain.status().isLeader);
    const other = brains.find((brain) => !brain.status().isLeader);
    const target = other?.status().memberId.toString(16) ?? '';
    t.match(await ctl('move-leader', target), /Leadership transferred/);
    t.equal(other?.status().isLeader, true);
    t.not(leader?.status().isLeader, true);
  },
);
