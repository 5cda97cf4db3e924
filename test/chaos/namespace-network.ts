/**
 * Members in network namespaces of their own: one cable each to a bridge, on which clients are too, and TLS between members. For
 * a process that has a namespace to itself (`namespaces.ts`), so that nothing is changed outside of it. Namespaces have no names:
 * the kernel removes them, their cables and the bridge when their last process has ended, however it does. What holds a member's
 * namespace while the member is dead ends with this process.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { flotillaCommand } from '../e2e/cluster.ts';
import { type CableFaults, type Link, Links, type Network, type Place } from './network.ts';

const bridge = 'flotilla0';
const addressOf = (number: number): string => `10.77.0.${number}`;
/** Of clients. */
const ownNumber = 1;
const firstNumber = 10;
const [clientPort, peerPort] = [2379, 2380];
/** Nobody's: what is sent there arrives nowhere. */
const nowhere = '02:00:00:00:00:01';
/** Without netem: for so long, so often, no packet passes. */
const [outageMs, outagePeriodMs] = [60, 250];

interface Cable {
  readonly address: string;
  readonly holder: ChildProcess;
  /** Runs a program where the member lives. */
  readonly launcher: readonly string[];
  /** What holds at the moment: whom it does not reach, and how long packets wait. */
  readonly held: Set<string>;
  delayMs: number;
}

export class NamespaceNetwork implements Network {
  readonly cables: CableFaults;
  /** False: the kernel has no netem, so lines are slow because they are narrow, and lose packets in moments of silence. */
  readonly hasNetem: boolean;
  readonly #links = new Links();
  readonly #cables = new Map<string, Cable>();
  readonly #certificates = mkdtempSync(join(tmpdir(), 'flotilla-chaos-certs-'));

  /** Lays the bridge. */
  constructor() {
    command('ip', 'link', 'set', 'lo', 'up');
    command('ip', 'link', 'add', bridge, 'type', 'bridge');
    command('ip', 'address', 'add', `${addressOf(ownNumber)}/24`, 'dev', bridge);
    command('ip', 'link', 'set', bridge, 'up');
    this.hasNetem = spawnSync('tc', ['qdisc', 'add', 'dev', bridge, 'root', 'netem', 'delay', '1ms']).status === 0;
    if (this.hasNetem) command('tc', 'qdisc', 'del', 'dev', bridge, 'root');
    this.cables = {
      unplug(name) {
        command('ip', 'link', 'set', name, 'down');
        return () => command('ip', 'link', 'set', name, 'up');
      },
      loseSome: (name) => (this.hasNetem ? this.#loseByNetem(name) : loseBySilence(name)),
    };
  }

  async settle(name: string): Promise<Place> {
    const address = addressOf(firstNumber + this.#cables.size);
    command(process.execPath, flotillaCommand, 'certs', `${name}=${address}`, `--dir=${this.#certificates}`);
    const holder = spawn('unshare', ['--net', 'sh', '-c', 'echo there; exec cat'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    await once(holder.stdout, 'data');
    const launcher = ['nsenter', `--net=/proc/${holder.pid ?? 0}/ns/net`];
    this.#cables.set(name, { address, holder, launcher, held: new Set(), delayMs: 0 });
    command('ip', 'link', 'add', name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(holder.pid));
    command('ip', 'link', 'set', name, 'master', bridge, 'up');
    command(...launcher, 'ip', 'link', 'set', 'lo', 'up');
    command(...launcher, 'ip', 'address', 'add', `${address}/24`, 'dev', 'eth0');
    command(...launcher, 'ip', 'link', 'set', 'eth0', 'up');
    const [clientUrl, peerUrl] = [`https://${address}:${clientPort}`, `https://${address}:${peerPort}`];
    const file = (suffix: string): string => join(this.#certificates, suffix);
    return {
      options: {
        'listen-client-urls': [clientUrl],
        'advertise-client-urls': [clientUrl],
        'listen-peer-urls': [peerUrl],
        'initial-advertise-peer-urls': [peerUrl],
        'cert-file': file(`${name}-server.crt`),
        'key-file': file(`${name}-server.key`),
        'peer-cert-file': file(`${name}-peer.crt`),
        'peer-key-file': file(`${name}-peer.key`),
        'peer-trusted-ca-file': file('ca.crt'),
        'peer-client-cert-auth': true,
      },
      endpoint: { target: `${address}:${clientPort}`, tls: { ca: readFileSync(file('ca.crt')) } },
      launcher,
      open: () => Promise.resolve(),
      shut: () => Promise.resolve(),
    };
  }

  link(from: string, to: string): Link {
    return this.#links.of(from, to);
  }

  update(): void {
    for (const [name, cable] of this.#cables) {
      const others = [...this.#cables].filter(([other]) => other !== name);
      for (const [other, { address }] of others) this.#reach(cable, address, !this.link(name, other).held);
      const delayMs = Math.max(0, ...others.map(([other]) => this.link(name, other).delayMs));
      if (delayMs !== cable.delayMs) this.#slow(cable, delayMs);
    }
  }

  /** Nothing is lost: what was on its way is sent again, as on any network that was away for a moment. */
  breakConnections(): void {}

  async close(): Promise<void> {
    for (const { holder } of this.#cables.values()) {
      holder.stdin?.end();
      if (holder.exitCode === null) await once(holder, 'exit');
    }
    this.#cables.clear();
    rmSync(this.#certificates, { recursive: true, force: true });
    if (spawnSync('ip', ['link', 'show', bridge]).status === 0) command('ip', 'link', 'del', bridge);
  }

  /** One way: what it sends to an address goes astray, what comes from there arrives. */
  #reach({ held, launcher }: Cable, address: string, reaches: boolean): void {
    if (held.has(address) !== reaches) return;
    const neighbour = ['dev', 'eth0', 'nud', 'permanent'];
    if (reaches) {
      held.delete(address);
      command(...launcher, 'ip', 'neighbour', 'del', address, 'dev', 'eth0');
    } else {
      held.add(address);
      command(...launcher, 'ip', 'neighbour', 'replace', address, 'lladdr', nowhere, ...neighbour);
    }
  }

  /** All that it sends waits, also what it sends to clients. */
  #slow(cable: Cable, delayMs: number): void {
    const { launcher } = cable;
    if (cable.delayMs > 0) command(...launcher, 'tc', 'qdisc', 'del', 'dev', 'eth0', 'root');
    cable.delayMs = delayMs;
    if (delayMs === 0) return;
    const narrow = ['tbf', 'rate', `${Math.ceil(8000 / delayMs)}kbit`, 'burst', '4kb', 'latency', '400ms'];
    const late = ['netem', 'delay', `${delayMs}ms`, `${Math.ceil(delayMs / 3)}ms`];
    command(...launcher, 'tc', 'qdisc', 'add', 'dev', 'eth0', 'root', ...(this.hasNetem ? late : narrow));
  }

  /** On the bridge's end: of what is sent to it. */
  #loseByNetem(name: string): () => void {
    const disturbance = ['netem', 'loss', '20%', 'duplicate', '5%', 'delay', '5ms', 'reorder', '75%'];
    command('tc', 'qdisc', 'add', 'dev', name, 'root', ...disturbance);
    return () => command('tc', 'qdisc', 'del', 'dev', name, 'root');
  }
}

/** Both ways. */
function loseBySilence(name: string): () => void {
  const silence = (is: boolean): void =>
    command('ip', 'link', 'set', name, ...(is ? ['nomaster'] : ['master', bridge]));
  let end: NodeJS.Timeout | undefined;
  const outage = setInterval(() => {
    silence(true);
    end = setTimeout(() => silence(false), outageMs);
  }, outagePeriodMs);
  return () => {
    clearInterval(outage);
    clearTimeout(end);
    silence(false);
  };
}

function command(program = '', ...args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} failed: ${error?.message ?? stderr.trim()}`);
}
