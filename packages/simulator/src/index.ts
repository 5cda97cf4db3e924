/** Seeded, deterministic simulation of a brain, and the checker of linearizability. */
export { checkEtcdHistory } from './linearizability/etcd-check.ts';
export {
  deleteOutput,
  deleteRequest,
  putOutput,
  putRequest,
  rangeOutput,
  rangeRequest,
  rowOf,
  txnOutput,
  txnRequest,
} from './clients/requests.ts';
export { leaseName } from './checks/entry-inputs.ts';
export {
  type Compare,
  type EtcdInput,
  type EtcdOutput,
  type KeyAnswer,
  type KeyInterval,
  type KeyOperation,
  type KeyRow,
  type KeyState,
  type KeyspaceState,
  type LogFacts,
  emptyKeyspace,
  execute,
  plainEtcdModel,
  revisionAwareEtcdModel,
} from './linearizability/etcd-model.ts';
export { type History, type Model, type Operation, partition } from './linearizability/history.ts';
export {
  type Register,
  type RegisterInput,
  type RegisterOutput,
  registerModel,
} from './linearizability/register-model.ts';
export { type SearchOptions, type Verdict, checkLinearizable } from './linearizability/search.ts';
export { type FarmOptions, runSeeds } from './farm/farm.ts';
export { catchingSeeds } from './mutants/catching-seeds.ts';
export { type Catch, fits, hunt, inPairs, seedsFor } from './mutants/hunt.ts';
export { type Mutant, mutants } from './mutants/mutants.ts';
export { CatchingUp, type Walker } from './run/catching-up.ts';
export { type HealedDrives, type HealingBounds, healingBounds } from './run/healing.ts';
export { type RunReport, runSeed } from './run/run-seed.ts';
export { type MarkCounts, type MarkName, Marks, markNames } from './world/marks.ts';
export { Drive } from './disk/drive.ts';
export { filesOf } from './disk/volume-files.ts';
export { databasesOf } from './disk/volume-state.ts';
export { Volume } from './disk/volume.ts';
export { Connection, Network } from './network/network.ts';
export { Chance } from './world/chance.ts';
export { Process } from './world/process.ts';
export { Scheduler } from './world/scheduler.ts';
