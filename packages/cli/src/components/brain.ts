import { brainOptionTable, parseBrainSettings, startBrain } from '@flotilla/brain';
import { parseOptions } from '@flotilla/base';
import { logLevelOf } from './common-options.ts';
import type { Component } from './component.ts';

const envPrefix = 'ETCD_';

export const brainComponent: Component = {
  options: brainOptionTable,
  envPrefix,
  start({ argv, env, logger }) {
    const settings = parseBrainSettings({ argv, env });
    const level = logLevelOf(parseOptions(brainOptionTable, { argv, env, envPrefix })['log-level']);
    return startBrain({ settings, logger: logger(level) });
  },
};
