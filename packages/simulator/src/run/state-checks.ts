/** What a member's state is, compared with what the ledger knows and with what other members had at the same entry. */
import type { Member } from '@flotilla/brain';
import { hashState } from '@flotilla/store';
import { rangeOutput, rangeRequest } from '../clients/requests.ts';
import type { KeyRow } from '../linearizability/etcd-model.ts';
import type { Surroundings } from './surroundings.ts';

type Store = Member['machine']['store'];

/** Whole states are compared once in so many entries: that takes as long as there is state. */
const stateCheckEntries = 16;

/** Equal state at equal index, and the revision that the model has there. */
export function checkApplied(
  who: string,
  { store, index }: { readonly store: Store | undefined; readonly index: number },
  surroundings: Surroundings,
): void {
  const { ledger, verdict } = surroundings;
  if (!store || store.appliedIndex !== index) return;
  const revision = ledger.revisionAfter(index);
  if (revision !== store.revision) {
    verdict.violate(`${who} is at revision ${store.revision} after entry ${index}, the model at ${revision}`);
  }
  if (index % stateCheckEntries === 0) compareState(who, store, surroundings);
}

/** What was read back from the files is a state that there was. */
export function checkStart(who: string, store: Store, { ledger, verdict }: Surroundings): void {
  const { revision, appliedIndex } = store;
  const caller = { name: 'root', authRevision: store.auth.revision };
  const outcome = store.range(rangeRequest({ key: 'k', end: 'l' }, { serializable: true }), caller);
  const [answer] = outcome.ok ? rangeOutput(outcome.response).answers : [];
  const rows = answer?.kind === 'range' ? answer.rows : [];
  const expected = ledger.rowsAt(revision, { key: 'k', end: 'l' });
  const same = rows.length === expected.length && rows.every((row, i) => isSameRow(row, expected[i]));
  if (!same) verdict.violate(`${who} starts with other keys at revision ${revision} than there were`);
  if (ledger.revisionAfter(appliedIndex) !== revision) {
    verdict.violate(`${who} starts at revision ${revision} after entry ${appliedIndex}`);
  }
}

/** Of the entry that it has applied last. */
export function compareState(who: string, store: Store, { verdict, stateHashes }: Surroundings): void {
  const { appliedIndex } = store;
  const hash = hashState(store);
  const known = stateHashes.get(appliedIndex) ?? hash;
  stateHashes.set(appliedIndex, known);
  if (known !== hash) verdict.violate(`${who} has another state after entry ${appliedIndex} than another member had`);
}

function isSameRow(a: KeyRow, b: KeyRow | undefined): boolean {
  if (!b || a.key !== b.key || a.value !== b.value || a.lease !== b.lease) return false;
  return a.modRevision === b.modRevision && a.createRevision === b.createRevision && a.version === b.version;
}
