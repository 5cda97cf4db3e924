/** Reads a database into a state machine, and refuses it when anything in it is not as it was written. */
import type { Revision } from '../mvcc/superseded.ts';
import type { PageArchive } from '../mvcc/history.ts';
import { restoreKeyspace } from '../mvcc/restore.ts';
import { StateMachine } from '../state-machine.ts';
import type { InitialMembership, MemberRecord } from '../membership.ts';
import { RowLedger } from './row-ledger.ts';
import {
  type Head,
  type Identity,
  checkFormat,
  decodeAuthSettings,
  decodeHead,
  decodeLease,
  decodeMember,
  decodeRole,
  decodeUser,
  formatKey,
  headKey,
  nameOf,
  openRow,
  pageKey,
  stateDamaged,
} from './rows.ts';
import type { Row, StateDatabase } from './state-database.ts';

export interface LoadedState {
  readonly machine: StateMachine;
  readonly ledger: RowLedger;
  readonly head: Head;
  /** Version of the format that it was found in. */
  readonly format: number;
}

interface LoadOptions {
  readonly identity: Identity;
  /** For a state that knows no members yet. */
  readonly initialMembership: InitialMembership | undefined;
}

/** @throws OperatingError `STATE_DAMAGED`, `STATE_FOREIGN` or `STATE_FORMAT` */
export async function loadState(
  database: StateDatabase,
  { identity, initialMembership }: LoadOptions,
): Promise<LoadedState> {
  const formatValue = database.get(formatKey);
  const headValue = database.get(headKey);
  if (!formatValue || !headValue) throw stateDamaged('the database is empty or lost its head');
  const format = checkFormat(openRow(formatKey, formatValue).content, identity);
  const head = decodeHead(openRow(headKey, headValue).content);

  const machine = new StateMachine({ archive: archiveOf(database) });
  const restore = restoreKeyspace(machine.keyspace);
  const ledger = new RowLedger();
  const members = new Map<bigint, MemberRecord | undefined>();
  let config: Uint8Array | undefined;
  const addRow = ({ key, value }: Row): void => {
    const { content, checksum } = openRow(key, value);
    ledger.enter(key, { checksum, bytes: key.length + value.length });
    const name = nameOf(key);
    if (name.type === 'page') restore.addPage(name.page, content);
    else if (name.type === 'lease') machine.leaseTable.grant(decodeLease(name.id, content));
    else if (name.type === 'alarm') machine.alarms.raise(name.alarm);
    else if (name.type === 'member') members.set(name.id, decodeMember(content));
    else if (name.type === 'removedMember') members.set(name.id, undefined);
    else if (name.type === 'config') config = new Uint8Array(content);
    else if (name.type === 'user') machine.auth.putUser(decodeUser(content));
    else if (name.type === 'role') machine.auth.putRole(decodeRole(content));
    else if (name.type === 'auth') machine.auth.restoreSettings(decodeAuthSettings(content));
    else throw stateDamaged(`row ${Buffer.from(key).toString('hex')} has no known name`);
  };

  const snapshot = database.snapshot();
  try {
    for await (const row of snapshot.rows()) if (row.key.length > 1) addRow(row);
  } finally {
    await snapshot.close();
  }
  if (!ledger.matches(head)) {
    const { rowCount } = ledger.totals;
    throw stateDamaged(`its ${rowCount} rows are not the ${head.rowCount} that were written: batches were lost`);
  }
  const missing = restore.finish({ leases: machine.leaseTable, compactRevision: head.compactRevision });
  if (missing !== undefined) throw stateDamaged(`a key is attached to lease ${missing}, which is missing`);
  const { revision, compactRevision, index, term } = head;
  machine.auth.takeChanges();
  machine.membership.restore({ members, config });
  if (initialMembership) machine.membership.seed(initialMembership);
  machine.restore({ revision, compactRevision, appliedIndex: index, appliedTerm: term });
  return { machine, ledger, head, format };
}

/** Pages read back from a database. */
function archiveOf(database: StateDatabase): PageArchive {
  return {
    read(name: Revision) {
      const key = pageKey(name);
      const value = database.get(key);
      if (!value) throw stateDamaged(`the page of revision ${name.main} is missing`);
      return openRow(key, value).content;
    },
  };
}
