/** What batches changed of the members, as changes of rows. */
import type { AppliedBatch } from '../state-machine.ts';
import type { RowLedger } from './row-ledger.ts';
import { configKey, encodeMember, memberKey, removedMemberKey } from './rows.ts';
import type { RowChange } from './state-database.ts';

export function membershipRowChanges(ledger: RowLedger, batches: readonly AppliedBatch[]): RowChange[] {
  return batches.flatMap(({ membership }) => {
    if (!membership) return [];
    const changes = [...membership.members].flatMap(([id, record]) =>
      record
        ? [ledger.put(memberKey(id), encodeMember(id, record))]
        : [ledger.delete(memberKey(id)), ledger.put(removedMemberKey(id), new Uint8Array(0))],
    );
    if (membership.config) changes.push(ledger.put(configKey, membership.config));
    return changes;
  });
}
