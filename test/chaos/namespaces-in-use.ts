/** Which network namespaces processes live in, as /proc says it. */
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';

/** By process id. Processes that end meanwhile are left out. */
export function namespacesOfAll(): ReadonlyMap<number, string> {
  const pids = readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []));
  return new Map(
    pids.flatMap((pid) => {
      const namespace = unlessGone(() => readlinkSync(`/proc/${pid}/ns/net`));
      return namespace === undefined ? [] : [[pid, namespace] as const];
    }),
  );
}

/** Of a process and its children, but for that of whoever asks. */
export function namespacesUnder(parent: number): ReadonlySet<string> {
  const all = namespacesOfAll();
  const own = all.get(process.pid);
  const found = [...all]
    .filter(([pid]) => pid === parent || parentOf(pid) === parent)
    .map(([, namespace]) => namespace);
  return new Set(found.filter((namespace) => namespace !== own));
}

function parentOf(pid: number): number | undefined {
  const status = unlessGone(() => readFileSync(`/proc/${pid}/status`, 'utf8'));
  return status === undefined ? undefined : Number(/^PPid:\s+(\d+)/m.exec(status)?.[1]);
}

function unlessGone<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (['ENOENT', 'ESRCH', 'EACCES'].includes(code)) return undefined;
    throw error;
  }
}
