/**
 * The commands that people type. Components are dispatched before, in main.ts; here they only have their line in the help.
 * What a command needs is loaded when it runs: `up` starts processes before it loads what it will only need later.
 */
import { fileURLToPath } from 'node:url';
import { systemClock } from '@flotilla/base';
import { Command } from 'commander';
import { componentNames, componentSummaries } from '../components/component.ts';
import type { Screen } from '../view/screen.ts';
import type { KubeConnection } from '../kube/kube-connection.ts';
import { certsHelp, runCerts } from './certs.ts';
import { type ClusterChoice, chooseKubeconfig } from './choose-cluster.ts';
import { tellParent, upDetached } from './up-detached.ts';
import { ownVersion } from './version.ts';

export interface ProgramContext {
  readonly screen: Screen;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted when the user wants the command to end. */
  readonly signal: AbortSignal;
}

const defaultConfig = fileURLToPath(new URL('../../../../cluster-configs/local.yaml', import.meta.url));

interface KubeFlags extends ClusterChoice {
  readonly kubeconfig?: string;
  readonly namespace: string;
}

export function createProgram(context: ProgramContext): Command {
  const program = new Command('flotilla')
    .description('A Kubernetes-shaped cluster in one command.')
    .helpCommand('help [command]', 'say more about a command')
    .showHelpAfterError('(--help says more)');
  addClusterCommands(program, context);
  addObjectCommands(program, context);
  addCertsCommand(program, context);
  for (const name of componentNames) program.command(name).description(componentSummaries[name]).allowUnknownOption();
  const say = (line: string): void => context.screen.write(`${line}\n`);
  program
    .command('version')
    .description('print the version')
    .action(() => say(`flotilla ${ownVersion()} (Node ${process.version})`));
  return program;
}

function addClusterCommands(program: Command, { screen, env, signal }: ProgramContext): void {
  withState(program.command('up'))
    .description('start a cluster and watch over it; Ctrl-C stops it')
    .option('--config <file>', 'cluster config', defaultConfig)
    .option('--apply <file>', 'manifest to apply once the cluster is ready')
    .option('--detach', 'return when the cluster is ready, and leave it running')
    .action(async (flags: { stateDir: string; config: string; apply?: string; detach?: boolean }) => {
      const { stateDir, config: configFile, apply } = flags;
      if (flags.detach === true) return upDetached({ configFile, stateDir, apply, write: screen.write });
      const onReady = (): void => void tellParent({ type: 'ready' });
      const { runUp } = await import('./up.ts');
      return runUp({ configFile, stateDir, apply, screen, env, signal, onReady });
    });
  withChoice(program.command('down'))
    .description('stop a cluster')
    .action(async (choice: ClusterChoice) => {
      const { runDown } = await import('./down.ts');
      screen.write(`cluster ${await runDown(choice, systemClock)} is down\n`);
    });
  withChoice(program.command('status'))
    .description('show the members, processes, leaders, nodes and pods of a cluster')
    .action(async (choice: ClusterChoice) => {
      const { clusterStatus } = await import('./status.ts');
      screen.write(`${await clusterStatus(choice)}\n`);
    });
}

function addCertsCommand(program: Command, { screen }: ProgramContext): void {
  interface CertsFlags {
    readonly dir: string;
    readonly client?: readonly string[];
    readonly days: string;
    readonly force?: boolean;
  }
  const gather = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];
  program
    .command('certs [members...]')
    .description('make a CA and certificates, with which members and clients of the store speak TLS')
    .option('--dir <directory>', 'where to write them', 'certs')
    .option('--client <name>', 'a client to make one for; may be given again', gather)
    .option('--days <days>', 'how long they live', '365')
    .option('--force', 'make those anew that are there; the CA stays')
    .addHelpText('after', () => certsHelp)
    .action(async (members: string[], { dir: directory, client: clients = [], days, force = false }: CertsFlags) => {
      screen.write(`${await runCerts({ members, directory, clients, days, force, nowMs: systemClock.wallMs() })}\n`);
    });
}

function addObjectCommands(program: Command, context: ProgramContext): void {
  const { screen, env, signal } = context;
  const say = (line: string): void => screen.write(`${line}\n`);
  const loadVerbs = () => import('../kube/verbs.ts');
  const loadManifests = async (file: string | undefined) => {
    const { readManifests } = await import('../kube/manifests.ts');
    return file === undefined ? [] : readManifests(file);
  };
  const connected = async (flags: KubeFlags, use: (connection: KubeConnection) => Promise<void>): Promise<void> => {
    const { openKubeConnection } = await import('../kube/kube-connection.ts');
    const connection = await openKubeConnection(chooseKubeconfig({ ...flags, env }));
    try {
      await use(connection);
    } finally {
      connection.close();
    }
  };

  interface GetFlags extends KubeFlags {
    readonly allNamespaces?: boolean;
    readonly selector?: string;
    readonly output?: string;
  }
  withKube(program.command('get <resource> [name]'))
    .description('show objects, for example: flotilla get pods')
    .option('-A, --all-namespaces', 'of all namespaces')
    .option('-l, --selector <labels>', 'only those with these labels')
    .option('-o, --output <format>', 'wide shows more columns')
    .action((resource: string, name: string | undefined, flags: GetFlags) =>
      connected(flags, async (connection) => {
        const { namespace, allNamespaces = false, selector, output } = flags;
        const query = { resource, name, namespace, allNamespaces, selector, wide: output === 'wide' };
        const { getTable } = await loadVerbs();
        say(await getTable(connection, query));
      }),
    );

  withKube(program.command('apply'))
    .description('create the objects of a manifest, or change them to what it says')
    .requiredOption('-f, --filename <file>', 'manifest; - is the standard input')
    .action(async (flags: KubeFlags & { filename: string }) => {
      const manifests = await loadManifests(flags.filename);
      const { applyManifests } = await loadVerbs();
      return connected(flags, (connection) =>
        applyManifests(connection, manifests, { namespace: flags.namespace, tell: say }),
      );
    });

  withKube(program.command('delete [resource] [names...]'))
    .description('delete objects: flotilla delete -f FILE, or flotilla delete RESOURCE NAME…')
    .option('-f, --filename <file>', 'manifest; - is the standard input')
    .action(async (resource: string | undefined, names: string[], flags: KubeFlags & { filename?: string }) => {
      const manifests = await loadManifests(flags.filename);
      const { deleteTargets, deletionTargets } = await loadVerbs();
      return connected(flags, async (connection) => {
        const what = { manifests, resource, names, namespace: flags.namespace };
        await deleteTargets(connection, await deletionTargets(connection, what), say);
      });
    });

  interface LogsFlags extends KubeFlags {
    readonly container?: string;
    readonly follow?: boolean;
    readonly tail?: string;
  }
  withKube(program.command('logs <of>'))
    .description('show the log of a pod, or of one pod of deploy/NAME')
    .option('-c, --container <name>', 'of this container')
    .option('-f, --follow', 'go on as more is written')
    .option('--tail <lines>', 'only the last lines')
    .action((of: string, flags: LogsFlags) =>
      connected(flags, async (connection) => {
        const { namespace, container, follow = false, tail } = flags;
        const { openLogs } = await loadVerbs();
        const log = await openLogs(connection, { of, namespace, container, follow, tail, signal });
        for await (const bytes of log) screen.write(bytes.toString());
      }),
    );
}

function withState(command: Command): Command {
  return command.option('--state-dir <directory>', 'where clusters keep their state', '.flotilla');
}

function withChoice(command: Command): Command {
  return withState(command)
    .option('--config <file>', 'the cluster of this config')
    .option('--cluster <name>', 'the cluster of this name; the one that is up unless told');
}

function withKube(command: Command): Command {
  return withChoice(command)
    .option('--kubeconfig <file>', 'credential to use; $KUBECONFIG, or that of the cluster that is up, unless told')
    .option('-n, --namespace <name>', 'namespace', 'default');
}
