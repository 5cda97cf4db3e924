/** Which cluster a command is about: a named one, that of a config, or the only one that is up. */
import { existsSync, readdirSync } from 'node:fs';
import { OperatingError } from '@flotilla/base';
import { loadClusterConfig } from '../config/load.ts';
import { type RunningCluster, readRunning } from '../state/running-file.ts';
import { stateDirectory } from '../state/state-directory.ts';

export interface ClusterChoice {
  readonly stateDir: string;
  readonly config?: string | undefined;
  readonly cluster?: string | undefined;
}

/** @throws OperatingError `NOT_UP`, `AMBIGUOUS_CLUSTER` */
export function chooseRunning(choice: ClusterChoice): RunningCluster {
  const name = choice.cluster ?? (choice.config === undefined ? undefined : loadClusterConfig(choice.config).name);
  if (name !== undefined) {
    const running = readRunning(stateDirectory(name, choice.stateDir).running);
    if (running) return running;
    throw new OperatingError('NOT_UP', `cluster ${name} is not up: \`flotilla up\` starts it`);
  }
  const all = allRunning(choice.stateDir);
  const [only] = all;
  if (!only) throw new OperatingError('NOT_UP', `no cluster is up in ${choice.stateDir}: \`flotilla up\` starts one`);
  if (all.length === 1) return only;
  const names = all.map(({ cluster }) => cluster).join(', ');
  throw new OperatingError('AMBIGUOUS_CLUSTER', `several clusters are up (${names}): choose one with --cluster NAME`);
}

function allRunning(stateDir: string): readonly RunningCluster[] {
  if (!existsSync(stateDir)) return [];
  return readdirSync(stateDir).flatMap((name) => readRunning(stateDirectory(name, stateDir).running) ?? []);
}

export interface KubeconfigChoice extends ClusterChoice {
  readonly kubeconfig?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** The kubeconfig that was named, that of the environment, or that of the cluster that is up. */
export function chooseKubeconfig(choice: KubeconfigChoice): string {
  const named = choice.cluster !== undefined || choice.config !== undefined;
  const fromEnvironment = named ? undefined : choice.env['KUBECONFIG']?.split(':').find((file) => file !== '');
  return choice.kubeconfig ?? fromEnvironment ?? chooseRunning(choice).kubeconfig;
}
