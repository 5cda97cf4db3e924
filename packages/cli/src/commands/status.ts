/** `flotilla status`: one look at a cluster that is up. */
import { observeCluster } from '../view/observe.ts';
import { openObserver } from '../view/open-observer.ts';
import { renderView } from '../view/render.ts';
import { type ClusterChoice, chooseRunning } from './choose-cluster.ts';

export async function clusterStatus(choice: ClusterChoice): Promise<string> {
  const { cluster, configFile, server, brainEndpoints, storeCredential, kubeconfig, processes, ready, pid } =
    chooseRunning(choice);
  const observer = await openObserver({ endpoints: brainEndpoints, storeCredential, kubeconfig });
  try {
    const view = await observeCluster(observer, new AbortController().signal);
    const state = ready ? 'up' : 'starting';
    const head = `cluster ${cluster} (${configFile}) is ${state}: ${server}, supervisor process ${pid}`;
    return `${head}\n\n${renderView(view, { processes, maxPods: Infinity })}`;
  } finally {
    observer.close();
  }
}
