import { apiServerOptionTable, apiServerOptions, startApiServer } from '@flotilla/apiserver';
import { type OptionTable, parseOptions } from '@flotilla/base';
import { logLevelOf, logLevelOption } from './common-options.ts';
import type { Component } from './component.ts';

const options = { ...apiServerOptionTable, 'log-level': logLevelOption } as const satisfies OptionTable;

export const apiServerComponent: Component = {
  options,
  async start({ argv, env, logger }) {
    const flags = parseOptions(options, { argv, env });
    return startApiServer({ ...(await apiServerOptions(flags)), logger: logger(logLevelOf(flags['log-level'])) });
  },
};
