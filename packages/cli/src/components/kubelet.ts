import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { OperatingError, type OptionTable, type OptionValues, messageOf, parseOptions } from '@flotilla/base';
import { type KubeletTls, kubeletOptions, startKubelet } from '@flotilla/kubelet';
import { clientOptionTable, logLevelOf } from './common-options.ts';
import type { Component } from './component.ts';
import { startWithClient } from './with-client.ts';

const options = { ...kubeletOptions, ...clientOptionTable } as const satisfies OptionTable;

export const kubeletComponent: Component = {
  options,
  async start({ argv, env, logger }) {
    const flags = parseOptions(options, { argv, env });
    const labels = parseLabels(flags['node-labels']);
    const tls = await readTls(flags);
    const nodeName = flags['hostname-override'] ?? hostname().toLowerCase();
    const clientFlags = { kubeconfig: flags.kubeconfig, transport: flags['api-transport'], fieldManager: 'kubelet' };
    return startWithClient(clientFlags, async (client) => {
      const kubelet = await startKubelet({
        nodeName,
        clusterId: flags['cluster-id'] ?? 'default',
        dataDirectory: flags['root-dir'],
        client,
        nodeAddress: flags['node-ip'],
        podCidr: flags['pod-cidr'],
        server: { host: flags.address, port: flags.port, tls, clientNames: flags['client-names'] },
        labels,
        maxPods: flags['max-pods'],
        nodeLeaseDurationSeconds: flags['node-lease-duration-seconds'],
        stopPodsOnClose: flags['stop-pods-on-exit'],
        logger: logger(logLevelOf(flags['log-level'])),
      });
      return { stopped: kubelet.stopped, ready: kubelet.registered, close: () => kubelet.close() };
    });
  },
};

type KubeletFlags = OptionValues<typeof options>;

/** @throws OperatingError `INVALID_OPTIONS`, naming every file that is missing or cannot be read */
async function readTls(flags: KubeletFlags): Promise<KubeletTls> {
  const problems: string[] = [];
  const read = async (flag: 'tls-cert-file' | 'tls-private-key-file' | 'client-ca-file'): Promise<string> => {
    const file = flags[flag];
    try {
      if (file !== undefined) return await readFile(file, 'utf8');
      problems.push(`--${flag} is required: the kubelet serves HTTPS, to known clients only`);
    } catch (error) {
      problems.push(`--${flag}: ${messageOf(error)}`);
    }
    return '';
  };
  const tls = {
    cert: await read('tls-cert-file'),
    key: await read('tls-private-key-file'),
    clientCa: await read('client-ca-file'),
  };
  if (problems.length > 0) throw new OperatingError('INVALID_OPTIONS', problems.join('\n'));
  return tls;
}

/** @throws OperatingError `INVALID_OPTIONS` */
function parseLabels(pairs: readonly string[]): Readonly<Record<string, string>> {
  const broken = pairs.filter((pair) => !pair.includes('='));
  if (broken.length > 0) {
    throw new OperatingError('INVALID_OPTIONS', `--node-labels: ${broken.join(', ')} is not of the form key=value`);
  }
  return Object.fromEntries(pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]));
}
