/** What all packages share and no domain owns. */
export { allEnded } from './all-ended.ts';
export { AssertionFailure, assert, unreachable } from './assert.ts';
export { type AsyncQueue, createAsyncQueue } from './async-queue.ts';
export { type Backoff, type BackoffOptions, createBackoff } from './backoff.ts';
export { crc32, crc32FromTables } from './crc32.ts';
export { type Clock, type Timer, sleep, systemClock } from './clock.ts';
export { endAfter, endAll } from './end-all.ts';
export { OperatingError, codeOf, messageOf } from './errors.ts';
export {
  type LogFields,
  type LogLevel,
  type Logger,
  type LoggerOptions,
  createLogger,
  logLevels,
  silentLogger,
} from './logging.ts';
export { type ManualClock, createManualClock } from './manual-clock.ts';
export {
  type BooleanOption,
  type IntegerOption,
  type ListOption,
  type Option,
  type OptionTable,
  type OptionValues,
  type ParseInput,
  type StringOption,
  describeOptions,
  environmentName,
  parseOptions,
} from './options.ts';
export { type Randomness, seededRandomness, systemRandomness } from './randomness.ts';
export type { Running } from './running.ts';
export { syncDirectory } from './sync-directory.ts';
export { type TaskGroup, createTaskGroup } from './task-group.ts';
export { atTurnEnd, behindPromises, withoutGathering } from './turn-end.ts';
