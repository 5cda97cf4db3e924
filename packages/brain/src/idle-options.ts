/**
 * Flags that tune a part of etcd which is built otherwise here. They are taken, so that what starts an etcd starts a member too, and
 * change nothing; a member says so in its log.
 */
import type { OptionTable } from '@flotilla/base';
import { durationProblem } from './duration.ts';

const help = "Etcd's; changes nothing here";
const text = { kind: 'string', help } as const;
const count = { kind: 'integer', min: 0, help } as const;
const flag = { kind: 'boolean', help } as const;
const duration = { kind: 'string', check: durationProblem, placeholder: 'DURATION', help } as const;

export const idleOptionTable = {
  'backend-batch-interval': duration,
  'backend-batch-limit': count,
  'backend-bbolt-freelist-type': text,
  'bootstrap-defrag-threshold-megabytes': count,
  'compaction-batch-limit': count,
  'compaction-sleep-interval': duration,
  'downgrade-check-time': duration,
  'enable-log-rotation': flag,
  'enable-pprof': flag,
  'initial-election-tick-advance': flag,
  'log-format': text,
  'log-outputs': { kind: 'list', help },
  'log-rotation-config-json': text,
  logger: text,
  'max-snapshots': count,
  'max-wals': count,
  'memory-mlock': flag,
  'raft-read-timeout': duration,
  'raft-write-timeout': duration,
  'socket-reuse-address': flag,
  'socket-reuse-port': flag,
  'v2-deprecation': text,
  'warning-apply-duration': duration,
  'warning-unary-request-duration': duration,
} as const satisfies OptionTable;

/** Those that were given. */
export function idleFlags(values: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.keys(idleOptionTable).filter((name) => values[name] !== undefined);
}
