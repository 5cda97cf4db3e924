import { brainOptionTable, parseBrainSettings, restoreMember, startBrain } from '@flotilla/brain';
import { OperatingError, parseOptions } from '@flotilla/base';
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
    return startBrain({ settings, logger: logger(level) });
  },
};

/** `restore FILE` and the flags that the member will be started with. */
async function restore({ argv, env, logger }: StartInput): Promise<string> {
  const [file, ...flags] = argv;
  if (file === undefined || file.startsWith('-')) {
    throw new OperatingError(
      'INVALID_OPTIONS',
      'name the snapshot first: flotilla brain restore FILE --data-dir PATH …',
    );
  }
  const settings = parseBrainSettings({ argv: flags, env });
  const { revision } = await restoreMember(settings, { file, logger: logger('warn') });
  return `restored revision ${revision} into ${settings.dataDir}: start the member with the same flags`;
}
