import { hostname } from 'node:os';
import { type OptionTable, parseOptions } from '@flotilla/base';
import { proxyOptions, startProxy } from '@flotilla/proxy';
import { clientOptionTable, logLevelOf } from './common-options.ts';
import type { Component } from './component.ts';
import { startWithClient } from './with-client.ts';

const options = { ...proxyOptions, ...clientOptionTable } as const satisfies OptionTable;

export const proxyComponent: Component = {
  options,
  start({ argv, env, logger }) {
    const flags = parseOptions(options, { argv, env });
    const clientFlags = { kubeconfig: flags.kubeconfig, transport: flags['api-transport'], fieldManager: 'kube-proxy' };
    return startWithClient(clientFlags, async (client) => {
      const proxy = await startProxy({
        nodeName: flags['hostname-override'] ?? hostname().toLowerCase(),
        client,
        nodePortAddresses: flags['nodeport-addresses'],
        logger: logger(logLevelOf(flags['log-level'])),
      });
      return { stopped: proxy.stopped, ready: proxy.synced, close: () => proxy.close() };
    });
  },
};
