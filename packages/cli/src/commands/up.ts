/** `flotilla up` in the foreground. */
import { relative } from 'node:path';
import { silentLogger, systemClock, systemRandomness } from '@flotilla/base';
import { readManifests } from '../kube/manifests.ts';
import { storeAdmin } from '../supervisor/plan-store-tls.ts';
import { type UpCluster, withCluster } from '../supervisor/up.ts';
import { detachedVariable } from './up-detached.ts';
import { type Screen, createLiveScreen } from '../view/screen.ts';

export interface UpCommandOptions {
  readonly configFile: string;
  readonly stateDir: string;
  /** A manifest to apply once the cluster is ready. */
  readonly apply?: string | undefined;
  readonly screen: Screen;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  /** Called when the cluster is ready and the user knows what to type. */
  readonly onReady: () => void;
}

export async function runUp(options: UpCommandOptions): Promise<void> {
  const { configFile, stateDir, apply, env, signal, onReady } = options;
  const screen = createLiveScreen(options.screen);
  const { print } = screen;
  // A manifest that cannot be read is better known now than when the cluster is ready.
  const manifests = apply === undefined ? [] : readManifests(apply);
  await withCluster(
    {
      configFile,
      stateBase: stateDir,
      print,
      clock: systemClock,
      randomness: systemRandomness,
      logger: silentLogger,
      env: forComponents(env),
      signal,
    },
    async (cluster) => {
      if (manifests.length > 0) {
        const [{ openKubeConnection }, { applyManifests }] = await Promise.all([
          import('../kube/kube-connection.ts'),
          import('../kube/verbs.ts'),
        ]);
        const connection = await openKubeConnection(cluster.state.kubeconfig);
        await applyManifests(connection, manifests, { namespace: 'default', tell: print });
        connection.close();
      }
      print(nextSteps(cluster, apply));
      onReady();
      const { observer, launcher } = cluster;
      const { runLiveView } = await import('../view/live-view.ts');
      await runLiveView({ observer, screen, processes: () => launcher.processes, clock: systemClock, signal });
    },
  );
}

/** A variable that was set for somebody's etcd must not reach our members, whose flags the config alone decides. */
function forComponents(env: UpCommandOptions['env']): UpCommandOptions['env'] {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !name.startsWith('ETCD_') && name !== detachedVariable),
  );
}

function nextSteps({ config, state, observer, readyMs }: UpCluster, applied: string | undefined): string {
  const here = (path: string): string => relative(process.cwd(), path);
  const admin = storeAdmin({ config, state });
  const tls = admin
    ? ` \\\n      --cacert=${here(admin.authority)} --cert=${here(admin.certificate)} --key=${here(admin.key)} \\\n     `
    : '';
  return `
Cluster ${config.name} is up after ${(readyMs / 1000).toFixed(2)} s. In another terminal:

    export KUBECONFIG=$PWD/${here(state.kubeconfig)}
    kubectl get nodes${applied === undefined ? '' : '\n    kubectl get pods -o wide'}
    etcdctl --endpoints=${observer.endpoints.join(',')}${tls} endpoint status -w table

Without kubectl: npx flotilla get nodes. Logs: ${here(state.root)}/logs. Ctrl-C here, or \`flotilla down\`, stops everything.
`;
}
