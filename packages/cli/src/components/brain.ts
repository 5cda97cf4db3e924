import {
  type SnapshotFileStatus,
  brainOptionTable,
  brainSettings,
  parseBrainSettings,
  restoreMember,
  snapshotStatus,
  startBrain,
} from '@flotilla/brain';
import { OperatingError, type OptionTable, parseOptions } from '@flotilla/base';
import { logLevelOf } from './common-options.ts';
import type { Component, StartInput } from './component.ts';
import { runStoreFast } from './engine.ts';

const envPrefix = 'ETCD_';

export const brainComponent: Component = {
  options: brainOptionTable,
  envPrefix,
  commands: { restore, snapshot },
  start({ argv, env, logger }) {
    const settings = parseBrainSettings({ argv, env });
    const level = logLevelOf(parseOptions(brainOptionTable, { argv, env, envPrefix })['log-level']);
    return startBrain({ settings, logger: logger(level) });
  },
  whenReady: runStoreFast,
};

/** As `etcdutl snapshot restore` has them, beside the flags of the member. */
const restoreOptionTable = {
  ...brainOptionTable,
  'bump-revision': { kind: 'integer', default: 0, min: 0, help: 'How much to raise the revision by' },
  'mark-compacted': {
    kind: 'boolean',
    default: false,
    help: 'Compact up to the raised revision; to be given with --bump-revision, and not without',
  },
} as const satisfies OptionTable;

/** `restore FILE` and the flags that the member will be started with. */
async function restore({ argv, env, logger }: StartInput): Promise<string> {
  const [file, ...flags] = argv;
  if (file === undefined || file.startsWith('-')) {
    throw new OperatingError(
      'INVALID_OPTIONS',
      'name the snapshot first: flotilla brain restore FILE --data-dir PATH …',
    );
  }
  const given = parseOptions(restoreOptionTable, { argv: flags, env, envPrefix });
  const { 'bump-revision': bumpRevisionBy, 'mark-compacted': markCompacted, ...values } = given;
  if (markCompacted !== bumpRevisionBy > 0) {
    throw new OperatingError(
      'INVALID_OPTIONS',
      '--bump-revision and --mark-compacted go together: give both, or none of them',
    );
  }
  const settings = brainSettings(values);
  const { revision } = await restoreMember(settings, { file, logger: logger('warn'), bumpRevisionBy });
  return `restored revision ${revision} into ${settings.dataDir}: start the member with the same flags`;
}

const snapshotOptionTable = {
  'write-out': {
    kind: 'string',
    default: 'simple',
    check: (value: string) => (Object.hasOwn(statusForms, value) ? undefined : `"${value}" is neither simple nor json`),
    help: 'simple or json',
  },
} as const satisfies OptionTable;

/** As `etcdutl snapshot status` prints it. */
const statusForms: Readonly<Record<string, (status: SnapshotFileStatus) => string>> = {
  simple: ({ hash, revision, keyCount, sizeBytes }) =>
    [hash.toString(16), revision, keyCount, sizeText(sizeBytes)].join(', '),
  json: ({ hash, revision, keyCount, sizeBytes }) =>
    JSON.stringify({ hash, revision, totalKey: keyCount, totalSize: sizeBytes }),
};

/** `snapshot status FILE`. */
async function snapshot({ argv, env }: StartInput): Promise<string> {
  const [verb, file, ...flags] = argv;
  if (verb !== 'status' || file === undefined || file.startsWith('-')) {
    throw new OperatingError(
      'INVALID_OPTIONS',
      'name the snapshot: flotilla brain snapshot status FILE [--write-out=json]',
    );
  }
  const { 'write-out': form } = parseOptions(snapshotOptionTable, { argv: flags, env, envPrefix });
  const status = await snapshotStatus(file);
  return statusForms[form]?.(status) ?? '';
}

/** In powers of 1000, with one digit behind the point below ten: `9.5 MB`, `21 kB`. */
function sizeText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const power = bytes < 10 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
  const value = Math.floor((bytes / 1000 ** power) * 10 + 0.5) / 10;
  return `${value < 10 && bytes >= 10 ? value.toFixed(1) : value.toFixed(0)} ${units[power]}`;
}
