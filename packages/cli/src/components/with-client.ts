/** A component that is a client of an API server: opens its client, and closes it after the component. */
import { hostname } from 'node:os';
import { type ApiClient, createApiClient, loadKubeconfig } from '@flotilla/api-client';
import { OperatingError } from '@flotilla/base';
import type { Started } from './component.ts';

export interface ClientFlags {
  readonly kubeconfig: string | undefined;
  readonly transport: string;
  readonly fieldManager: string;
}

/** @throws OperatingError `INVALID_OPTIONS` without a kubeconfig, and what `start` throws */
export async function startWithClient(
  { kubeconfig, transport, fieldManager }: ClientFlags,
  start: (client: ApiClient) => Promise<Started>,
): Promise<Started> {
  if (kubeconfig === undefined) {
    throw new OperatingError(
      'INVALID_OPTIONS',
      '--kubeconfig is required: it names the API server and the credential for it',
    );
  }
  const server = await loadKubeconfig(kubeconfig);
  const client = createApiClient({ ...server, transport: transport === 'rest' ? 'rest' : 'grpc', fieldManager });
  try {
    const running = await start(client);
    return {
      stopped: running.stopped,
      ...(running.ready && { ready: running.ready }),
      async close() {
        await running.close();
        client.close();
      },
    };
  } catch (error) {
    client.close();
    throw error;
  }
}

/** Who campaigns, unless told: no two processes of a cluster have the same. */
export function defaultIdentity(): string {
  return `${hostname()}_${process.pid}`;
}
