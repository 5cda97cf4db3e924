/** Rounds whose members live in network namespaces: in a process that has a namespace for itself. Needs root and iproute2. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RoundOptions, RoundReport } from './round.ts';

const program = fileURLToPath(new URL('namespace-round.js', import.meta.url));
/** What a round needs, tried where it harms nobody. */
const trial =
  'ip link add flotilla0 type bridge && ip link add one type veth peer name other && tc qdisc show && nsenter --version';

/** Why there can be no such round on this machine; undefined when there can. */
export function namespacesMissing(): string | undefined {
  if (process.getuid?.() !== 0) return 'network namespaces need root';
  const { status, stderr, error } = spawnSync('unshare', ['--net', 'sh', '-c', trial], { encoding: 'utf8' });
  return status === 0 ? undefined : `no network namespaces: ${error?.message ?? stderr.trim()}`;
}

/** What the process tells: where everything is, then how it went. */
export type NamespaceNews =
  { readonly kind: 'begun'; readonly hasNetem: boolean } | { readonly kind: 'done'; readonly report: RoundReport };

/** A round under way, in its process. */
export interface NamespaceRound {
  readonly begun: Promise<{ readonly hasNetem: boolean }>;
  readonly done: Promise<RoundReport>;
  /** Its process is gone, and so is its directory. */
  readonly ended: Promise<void>;
  readonly pid: number;
  /** Lets it end its members and itself. */
  stop(): void;
  kill(): void;
}

export function startNamespaceRound(options: RoundOptions): NamespaceRound {
  // Mounts of its own, too: they end with it.
  const directory = mkdtempSync(join(tmpdir(), 'flotilla-chaos-namespaces-'));
  const argument = JSON.stringify({ keepIn: tmpdir(), ...options });
  const child = spawn('unshare', ['--net', '--mount', process.execPath, program, argument], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    serialization: 'advanced',
    env: { ...process.env, TMPDIR: directory },
  });
  const words: string[] = [];
  child.stderr?.setEncoding('utf8').on('data', (text: string) => words.push(text));
  const exited = once(child, 'exit').then(async (how) => {
    await clean(directory);
    return how as [code: number | null, signal: NodeJS.Signals | null];
  });
  const told = <Kind extends NamespaceNews['kind']>(kind: Kind): Promise<Extract<NamespaceNews, { kind: Kind }>> =>
    new Promise((resolve, reject) => {
      child.on('message', (news: NamespaceNews) => {
        if (news.kind === kind) resolve(news as Extract<NamespaceNews, { kind: Kind }>);
      });
      void exited.then(([code, signal]) =>
        reject(new Error(`a round ended with ${code ?? signal ?? 'nothing'}: ${words.join('')}`)),
      );
    });
  const [begun, done] = [told('begun'), told('done').then(({ report }) => report)];
  for (const one of [begun, done]) one.catch((error: unknown) => error);
  const ended = exited.then(() => undefined);
  return {
    begun,
    done,
    ended,
    pid: child.pid ?? 0,
    stop: () => void child.kill('SIGTERM'),
    kill: () => void child.kill('SIGKILL'),
  };
}

/** Members end a moment after whoever started them. */
async function clean(directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
}
