/** `flotilla down`: asks the supervisor of a cluster to stop it, and waits until it has. */
import { type Clock, OperatingError, sleep } from '@flotilla/base';
import { processIdentity } from '../supervisor/process-identity.ts';
import { type ClusterChoice, chooseRunning } from './choose-cluster.ts';

const deadlineMs = 10_000;

/** @returns the name of the cluster that was stopped. @throws OperatingError `NOT_UP`, `STILL_UP` */
export async function runDown(choice: ClusterChoice, clock: Clock): Promise<string> {
  const { cluster, pid, identity } = chooseRunning(choice);
  process.kill(pid, 'SIGTERM');
  const endMs = clock.monotonicMs() + deadlineMs;
  while (processIdentity(pid) === identity) {
    if (clock.monotonicMs() > endMs) {
      throw new OperatingError(
        'STILL_UP',
        `cluster ${cluster} has not stopped after ${deadlineMs / 1000} s; its supervisor is process ${pid}`,
      );
    }
    await sleep(clock, 20);
  }
  return cluster;
}
