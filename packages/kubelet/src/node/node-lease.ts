/** The node's heartbeat: its Lease in kube-node-lease, renewed every quarter of its duration. */
import { leases, type Lease, type Node } from '@flotilla/api';
import { isAlreadyExists, isConflict, isNotFound, microTimeOf, type ApiClient } from '@flotilla/api-client';
import { messageOf, sleep, type Clock, type Logger } from '@flotilla/base';

export interface NodeLeaseOptions {
  readonly client: ApiClient;
  readonly node: Node;
  readonly durationSeconds: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

export const nodeLeaseNamespace = 'kube-node-lease';

/** A renewal that failed is tried again this soon: the lease must not run out over one lost answer. */
const retryMs = 500;

/** Renews until the signal. */
export async function keepNodeLease(options: NodeLeaseOptions, signal: AbortSignal): Promise<void> {
  const { clock, logger, durationSeconds, node } = options;
  const periodMs = (durationSeconds * 1000) / 4;
  let held: Lease | undefined;
  while (!signal.aborted) {
    const startedAtMs = clock.monotonicMs();
    try {
      held = await renew(options, { held, signal });
    } catch (error) {
      if (signal.aborted) return;
      held = undefined;
      // Someone else wrote it: read it again.
      if (!isConflict(error))
        logger.warn('the node lease was not renewed', { node: node.metadata.name, reason: messageOf(error) });
      await sleep(clock, Math.min(retryMs, periodMs), signal);
      continue;
    }
    await sleep(clock, Math.max(0, periodMs - (clock.monotonicMs() - startedAtMs)), signal);
  }
}

interface Renewal {
  readonly held: Lease | undefined;
  readonly signal: AbortSignal;
}

async function renew(options: NodeLeaseOptions, { held, signal }: Renewal): Promise<Lease> {
  const resource = options.client.resource(leases);
  const known = held ?? (await read(options, signal));
  const lease = renewed(options, known);
  if (known) return resource.update(lease, { signal });
  try {
    return await resource.create(lease, { signal });
  } catch (error) {
    // Created by an attempt whose answer was lost.
    if (!isAlreadyExists(error)) throw error;
    return resource.update(renewed(options, await read(options, signal)), { signal });
  }
}

async function read({ client, node }: NodeLeaseOptions, signal: AbortSignal): Promise<Lease | undefined> {
  try {
    return await client.resource(leases).get({ namespace: nodeLeaseNamespace, name: node.metadata.name }, { signal });
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

function renewed({ node, durationSeconds, clock }: NodeLeaseOptions, known: Lease | undefined): Lease {
  const { name, uid = '' } = node.metadata;
  const owner = { apiVersion: 'v1', kind: 'Node', name, uid };
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { ...(known?.metadata ?? { name, namespace: nodeLeaseNamespace }), ownerReferences: [owner] },
    spec: {
      ...known?.spec,
      holderIdentity: name,
      leaseDurationSeconds: durationSeconds,
      renewTime: microTimeOf(clock.wallMs()),
    },
  };
}
