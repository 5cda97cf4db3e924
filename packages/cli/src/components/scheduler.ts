import { type OptionTable, parseOptions } from '@flotilla/base';
import { schedulerOptionTable, startScheduler } from '@flotilla/scheduler';
import { clientOptionTable, logLevelOf } from './common-options.ts';
import type { Component } from './component.ts';
import { defaultIdentity, startWithClient } from './with-client.ts';

const options = { ...schedulerOptionTable, ...clientOptionTable } as const satisfies OptionTable;

export const schedulerComponent: Component = {
  options,
  start({ argv, env, logger }) {
    const flags = parseOptions(options, { argv, env });
    const clientFlags = {
      kubeconfig: flags.kubeconfig,
      transport: flags['api-transport'],
      fieldManager: 'kube-scheduler',
    };
    return startWithClient(clientFlags, (client) =>
      startScheduler({
        client,
        identity: flags.identity ?? defaultIdentity(),
        leaseTtlSeconds: flags['leader-elect-lease-duration'],
        logger: logger(logLevelOf(flags['log-level'])),
      }),
    );
  },
};
