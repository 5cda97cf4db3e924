import { parseOptions } from '@flotilla/base';
import { controllersOptions, startControllers } from '@flotilla/controllers';
import { logLevelOf } from './common-options.ts';
import type { Component } from './component.ts';
import { defaultIdentity, startWithClient } from './with-client.ts';

export const controllersComponent: Component = {
  options: controllersOptions,
  start({ argv, env, logger }) {
    const flags = parseOptions(controllersOptions, { argv, env });
    const clientFlags = {
      kubeconfig: flags.kubeconfig,
      transport: flags.transport,
      fieldManager: 'kube-controller-manager',
    };
    return startWithClient(clientFlags, (client) =>
      startControllers({
        client,
        identity: flags.identity ?? defaultIdentity(),
        leaderElection: { ttlSeconds: flags['leader-elect-ttl-seconds'] },
        nodeMonitorGraceSeconds: flags['node-monitor-grace-seconds'],
        podEvictionSeconds: flags['pod-eviction-seconds'],
        terminatedPodThreshold: flags['terminated-pod-gc-threshold'],
        logger: logger(logLevelOf(flags['log-level'])),
      }),
    );
  },
};
