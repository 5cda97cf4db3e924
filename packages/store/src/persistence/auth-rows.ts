/** What a batch changes of the rows of users, roles and authentication. */
import type { AuthChanges, Role, User } from '../auth/auth-state.ts';
import type { AppliedBatch } from '../state-machine.ts';
import type { RowLedger } from './row-ledger.ts';
import { authKey, encodeAuthSettings, encodeRole, encodeUser, roleKey, userKey } from './rows.ts';
import type { RowChange } from './state-database.ts';

/** Of several changes of one row the last one counts. */
export function authRowChanges(ledger: RowLedger, batches: readonly AppliedBatch[]): RowChange[] {
  const changed = batches.flatMap(({ auth }): AuthChanges[] => (auth ? [auth] : []));
  if (changed.length === 0) return [];
  const users = new Map<string, User | undefined>(changed.flatMap((changes) => [...changes.users]));
  const roles = new Map<string, Role | undefined>(changed.flatMap((changes) => [...changes.roles]));
  const settings = changed.findLast((changes) => changes.settings)?.settings;
  return [
    ...[...users].map(([name, user]) => rowChange(ledger, userKey(name), user && encodeUser(user))),
    ...[...roles].map(([name, role]) => rowChange(ledger, roleKey(name), role && encodeRole(role))),
    ...(settings ? [ledger.put(authKey, encodeAuthSettings(settings))] : []),
  ];
}

function rowChange(ledger: RowLedger, key: Uint8Array, content: Uint8Array | undefined): RowChange {
  return content ? ledger.put(key, content) : ledger.delete(key);
}
