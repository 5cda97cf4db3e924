/** A component as the command runs it: its flags, and how it starts from them. */
import type { LogLevel, Logger, OptionTable, Running } from '@flotilla/base';

export const componentNames = ['brain', 'apiserver', 'scheduler', 'controllers', 'kubelet', 'proxy'] as const;
export type ComponentName = (typeof componentNames)[number];

export interface StartInput {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Makes the component's logger once its level is known. */
  readonly logger: (level: LogLevel) => Logger;
}

/** A component that runs. */
export interface Started extends Running {
  /** Resolves when it does its work; absent when it does from the start. */
  readonly ready?: Promise<void>;
}

export interface Component {
  readonly options: OptionTable;
  /** Of the environment variables that stand in for flags; none means that only flags count. */
  readonly envPrefix?: string;
  /** What else the component does: `flotilla brain restore …`. Each returns what to print. */
  readonly commands?: Readonly<Record<string, (input: StartInput) => Promise<string>>>;
  /** @throws OperatingError whose message says what to do */
  start(input: StartInput): Promise<Started>;
  /** For a process of its own, once the component does its work and what it needs for that is loaded. */
  readonly whenReady?: () => void;
}

export function isComponentName(word: string | undefined): word is ComponentName {
  return componentNames.some((name) => name === word);
}

/** One line a component, for the help text. */
export const componentSummaries: Readonly<Record<ComponentName, string>> = {
  brain: "run one member of the replicated store; takes etcd's flags",
  apiserver: 'run one API server',
  scheduler: 'run one scheduler; of several, one leads',
  controllers: 'run one controller manager; of several, one leads',
  kubelet: 'run the agent of one node',
  proxy: 'run the service proxy of one node',
};
