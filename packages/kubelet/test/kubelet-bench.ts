/** A kubelet on the in-memory API server: real processes, real sockets, pods bound by hand. */
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pods, type Container, type Pod, type PodSpec } from '@flotilla/api';
import { createMemoryServer, isNotFound, type ApiClient, type MemoryServer } from '@flotilla/api-client';
import { silentLogger } from '@flotilla/base';
import { startKubelet, type Kubelet, type KubeletOptions } from '@flotilla/kubelet';
import type { Test } from 'tap';
import { testCertificates, type KeyPair } from './certificates.ts';
import { podCidrOfTest, until } from './runtime-bench.ts';

export interface KubeletBench {
  readonly directory: string;
  readonly api: MemoryServer;
  readonly client: ApiClient;
  kubelet: Kubelet;
  /** Starts another kubelet on the same directory. */
  start(more?: Partial<KubeletOptions>): Promise<Kubelet>;
  createPod(name: string, spec: Partial<PodSpec> & { readonly containers: readonly Container[] }): Promise<Pod>;
  pod(name: string): Promise<Pod | undefined>;
  /** Awaits a state of the pod. */
  podUntil(name: string, reached: (pod: Pod) => boolean | undefined): Promise<Pod>;
  /** Awaits that the API server has the pod no more. */
  podGone(name: string): Promise<void>;
  deletePod(name: string, graceSeconds?: number): Promise<void>;
  /** The text of a GET to the kubelet's server. */
  get(path: string, identity?: KeyPair): Promise<{ readonly status: number; readonly text: string }>;
}

export const sh = (program: string): string[] => ['/bin/sh', '-c', program];

export async function openKubelet(t: Test, more: Partial<KubeletOptions> = {}): Promise<KubeletBench> {
  const directory = mkdtempSync(join(tmpdir(), 'flotilla-kubelet-'));
  const api = createMemoryServer();
  const client = api.client();
  const certificates = await testCertificates();
  const start = (options: Partial<KubeletOptions> = {}): Promise<Kubelet> =>
    startKubelet({
      nodeName: 'node-1',
      clusterId: 'test',
      dataDirectory: directory,
      client,
      nodeAddress: '127.0.0.1',
      podCidr: podCidrOfTest(),
      server: {
        host: '127.0.0.1',
        port: 0,
        tls: { ...certificates.server, clientCa: certificates.ca },
        clientNames: ['kube-apiserver-kubelet-client'],
      },
      stopPodsOnClose: true,
      logger: silentLogger,
      ...more,
      ...options,
    });
  const resource = client.resource(pods);
  const read = async (name: string): Promise<Pod | undefined> => {
    try {
      return await resource.get({ namespace: 'default', name });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  };
  const bench: KubeletBench = {
    directory,
    api,
    client,
    kubelet: await start(),
    async start(options) {
      bench.kubelet = await start(options);
      return bench.kubelet;
    },
    createPod: (name, spec) =>
      resource.create({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name, namespace: 'default', labels: { app: name } },
        spec: { nodeName: 'node-1', terminationGracePeriodSeconds: 60, ...spec } as PodSpec,
      }),
    pod: read,
    podUntil: (name, reached) =>
      until(async () => {
        const pod = await read(name);
        return pod && reached(pod) === true && pod;
      }),
    podGone: async (name) => void (await until(async () => (await read(name)) === undefined)),
    async deletePod(name, graceSeconds) {
      await resource.delete({ namespace: 'default', name }, { gracePeriodSeconds: graceSeconds });
    },
    get(path, identity = certificates.client) {
      const options = {
        host: '127.0.0.1',
        port: bench.kubelet.port,
        path,
        ca: certificates.ca,
        agent: false,
        ...identity,
      };
      return new Promise((resolve, reject) => {
        const call = request(options, (response) => {
          let text = '';
          response.on('data', (chunk: Buffer) => (text += chunk.toString()));
          response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
          response.on('error', reject);
        });
        call.on('error', reject).end();
      });
    },
  };
  t.teardown(async () => {
    await bench.kubelet.close();
    rmSync(directory, { recursive: true, force: true });
  });
  return bench;
}

export function main(command: readonly string[], more: Partial<Container> = {}): Container {
  return { name: 'main', image: 'none', command, ...more } as Container;
}

export function isReady({ status }: Pod): boolean {
  return status?.conditions?.some((one) => one.type === 'Ready' && one.status === 'True') ?? false;
}
