import { brainOptionTable, brainSettings, parseBrainSettings, restoreMember, startBrain } from '@flotilla/brain';
import { OperatingError, type OptionTable, parseOptions } from '@flotilla/base';
import { collectStoreSeldom } from './collector.ts';
import { logLevelOf } from './common-options.ts';
import type { Component, StartInput } from './component.ts';

const envPrefix = 'ETCD_';

export const brainComponent: Component = {
  options: brainOptionTable,
  envPrefix,
  commands: { restore },
  start({ argv, env, logger }) {
    const settings = parseBrainSettings({ argv, env });
    const level = logLevelOf(parseOptions(brainOptionTable, { argv, env, envPrefix })['log-level']);
    collectStoreSeldom();
    return startBrain({ settings, logger: logger(level) });
  },
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
