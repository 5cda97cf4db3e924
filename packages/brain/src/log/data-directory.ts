/**
 * A member's data directory: `witness`, `log/` and `state/`. Either all of it is there, or none (then it is made), or the
 * witness says that it was only begun (then it is made anew).
 *
 * The lock of the state keeps a second process out, so the log is read once that is held, while the rows of the state are
 * loaded. What the log's last write left undone is put in order only when both are whole. A new log is made while the state is.
 */
import { join } from 'node:path';
import { type Clock, type Logger, OperatingError, allEnded, codeOf, messageOf } from '@flotilla/base';
import { type DurableLog, createLog, openDurableLog } from './durable-log.ts';
import type { Files } from './files.ts';
import { type ReadLog, type RecoveredLog, type RecoveryOptions, readLog } from './recovery.ts';
import { type MemberIdentity, missing } from './refusal.ts';
import { refuseRemoved } from './removal.ts';
import { type Witness, createWitness, openWitness, witnessName, witnessOwner, witnessPath } from './witness.ts';

export interface DataDirectoryOptions<State> {
  readonly files: Files;
  readonly directory: string;
  readonly identity: MemberIdentity;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Opens the state, which is made when it is new and must be there otherwise. */
  readonly openState: (place: StatePlace) => Promise<State>;
  readonly segmentBytes?: number;
  readonly witnessLagMs?: number;
  readonly onSync?: (durationMs: number, bytes: number) => void;
  readonly onFailure: (error: Error) => void;
}

export interface StatePlace {
  readonly directory: string;
  readonly isNew: boolean;
  /** To be called once no other process can open the state any more; at the latest the end of `openState` says so. */
  readonly onLocked: () => void;
}

export interface DataDirectory<State> {
  readonly log: DurableLog;
  readonly recovered: RecoveredLog;
  readonly state: State;
}

const logName = 'log';
const stateName = 'state';

/** @throws OperatingError when the directory is damaged, incomplete, of another member, or of one that was removed. */
export async function openDataDirectory<State>(options: DataDirectoryOptions<State>): Promise<DataDirectory<State>> {
  await makeDirectory(options.files, options.directory);
  await refuseRemoved(options.files, options.directory, options.identity.memberId);
  const { witness, isNew } = await openOrCreate(options);
  try {
    return isNew ? await makeBeside(options, witness) : await openBeside(options, witness);
  } catch (error) {
    await witness.close();
    throw error;
  }
}

async function openBeside<State>(
  options: DataDirectoryOptions<State>,
  witness: Witness,
): Promise<DataDirectory<State>> {
  const logDirectory = join(options.directory, logName);
  let reading: Promise<ReadLog> | undefined;
  const read = (): Promise<ReadLog> =>
    (reading ??= readLog({ ...options, directory: logDirectory, witness: witness.state }));
  const onLocked = (): void => void read().catch(() => 'told once the state is whole');
  const state = await options
    .openState({ directory: join(options.directory, stateName), isNew: false, onLocked })
    .catch(async (error: unknown) => {
      await reading?.catch(() => 'the state is refused first');
      throw error;
    });
  const { recovered, repair } = await read();
  await repair();
  const log = await openDurableLog({ ...options, directory: logDirectory, witness, recovered });
  return { log, recovered, state };
}

/** Log and state of a member that has promised nothing yet; once both are durable, the witness says that they are there. */
async function makeBeside<State>(
  options: DataDirectoryOptions<State>,
  witness: Witness,
): Promise<DataDirectory<State>> {
  const { files, directory } = options;
  const logDirectory = join(directory, logName);
  const stateDirectory = join(directory, stateName);
  for (const path of [logDirectory, stateDirectory]) await files.makeDirectory(path);
  const [state, recovered] = await allEnded([
    options.openState({ directory: stateDirectory, isNew: true, onLocked: () => undefined }),
    makeLog({ ...options, directory: logDirectory, witness: witness.state }),
    files.syncDirectory(directory),
  ]);
  const log = await openDurableLog({ ...options, directory: logDirectory, witness, recovered });
  await witness.write({ ...witness.state, stage: 'complete' });
  return { log, recovered, state };
}

async function makeLog(options: RecoveryOptions): Promise<RecoveredLog> {
  await createLog(options);
  return (await readLog(options)).recovered;
}

async function makeDirectory(files: Files, directory: string): Promise<void> {
  try {
    await files.makeDirectory(directory);
  } catch (error) {
    const text = `the data directory ${directory} can't be made: ${messageOf(error)}. Give another --data-dir`;
    throw new OperatingError('DATA_DIRECTORY', text, { cause: error });
  }
}

async function openOrCreate(
  options: Omit<DataDirectoryOptions<unknown>, 'openState'>,
): Promise<{ readonly witness: Witness; readonly isNew: boolean }> {
  const { files, directory, identity, logger } = options;
  const names = await readable(files, directory);
  const populated = isPopulated(names);
  const witness = await unlessOnlyBegun(names, () => openWitness(files, directory, identity));
  if (!witness && populated) throw missing(witnessPath(directory), `${directory} holds a log or state`);
  if (witness?.state.stage === 'complete') return { witness, isNew: false };
  if (witness) {
    logger.warn('the data directory was only begun; it is made anew', { directory });
    await witness.close();
  }
  for (const name of [logName, stateName, witnessName])
    if (names.includes(name)) await files.remove(join(directory, name));
  return { witness: await createWitness(files, directory, identity), isNew: true };
}

/**
 * Whose directory it is; undefined when it is nobody's yet, or was only begun.
 * @throws OperatingError when it is damaged, or of an unknown version.
 */
export async function directoryOwner(files: Files, directory: string): Promise<MemberIdentity | undefined> {
  const names = await readable(files, directory);
  return await unlessOnlyBegun(names, () => witnessOwner(files, directory));
}

function isPopulated(names: readonly string[]): boolean {
  return names.includes(logName) || names.includes(stateName);
}

/** Without log and state beside it, a damaged witness was torn while it was begun, and has promised nothing. */
async function unlessOnlyBegun<T>(
  names: readonly string[],
  read: () => Promise<T | undefined>,
): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (!isPopulated(names) && codeOf(error) === 'DATA_CORRUPT') return undefined;
    throw error;
  }
}

async function readable(files: Files, directory: string): Promise<readonly string[]> {
  try {
    return await files.list(directory);
  } catch (error) {
    if (codeOf(error) !== 'ENOTDIR') throw error;
    const text = `the data directory ${directory} is a file. Give another --data-dir`;
    throw new OperatingError('DATA_DIRECTORY', text, { cause: error });
  }
}
