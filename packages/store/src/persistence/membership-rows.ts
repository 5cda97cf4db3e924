/** What was changed of the members, as changes of rows. */
import { type InitialMembership, type MembershipChanges, MemberTable } from '../membership.ts';
import type { AppliedBatch } from '../state-machine.ts';
import type { RowLedger } from './row-ledger.ts';
import { configKey, encodeMember, memberKey, removedMemberKey } from './rows.ts';
import type { RowChange } from './state-database.ts';

export function membershipRowChanges(ledger: RowLedger, batches: readonly AppliedBatch[]): RowChange[] {
  return batches.flatMap(({ membership }) => (membership ? rowChangesOf(ledger, membership) : []));
}

/** The rows of the members that a state begins with: who starts it again may not know them any more. */
export function initialMembershipRows(ledger: RowLedger, initial: InitialMembership | undefined): RowChange[] {
  const members = new MemberTable();
  if (initial) members.seed(initial);
  const changes = members.takeChanges();
  return changes ? rowChangesOf(ledger, changes) : [];
}

function rowChangesOf(ledger: RowLedger, { members, config }: MembershipChanges): RowChange[] {
  const changes = [...members].flatMap(([id, record]) =>
    record
      ? [ledger.put(memberKey(id), encodeMember(id, record))]
      : [ledger.delete(memberKey(id)), ledger.put(removedMemberKey(id), new Uint8Array(0))],
  );
  if (config) changes.push(ledger.put(configKey, config));
  return changes;
}
