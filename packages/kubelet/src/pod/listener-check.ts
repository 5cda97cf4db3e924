/** Tells a pod's owner when one of its programs listens on all addresses of the machine: an event that says what to do. */
import { sleep, type Clock } from '@flotilla/base';
import type { EventRecorder } from '@flotilla/api-client';
import type { ProcessRuntime } from '../runtime/process/process-runtime.ts';
import { containerNameLabel, podNameLabel, podNamespaceLabel, podUidLabel } from './pod-labels.ts';

export interface ListenerCheckOptions {
  readonly runtime: ProcessRuntime;
  readonly events: EventRecorder;
  readonly clock: Clock;
}

const checkMs = 5_000;

export async function checkListeners(
  { runtime, events, clock }: ListenerCheckOptions,
  signal: AbortSignal,
): Promise<void> {
  let told = new Set<string>();
  while (!signal.aborted) {
    const found = runtime.wildcardListeners();
    for (const { containerId, port, labels } of found) {
      if (told.has(`${containerId} ${port}`)) continue;
      const metadata = {
        name: labels[podNameLabel] ?? '',
        namespace: labels[podNamespaceLabel] ?? '',
        uid: labels[podUidLabel] ?? '',
      };
      const message =
        `container ${labels[containerNameLabel]} listens on port ${port} of all addresses of the machine: ` +
        'no other pod can use that port; let it listen on the address in $POD_IP';
      events.record(
        { apiVersion: 'v1', kind: 'Pod', metadata },
        { type: 'Warning', reason: 'ListensOnAllAddresses', message },
      );
    }
    told = new Set(found.map(({ containerId, port }) => `${containerId} ${port}`));
    await sleep(clock, checkMs, signal);
  }
}
