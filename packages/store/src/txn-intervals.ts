/**
 * Finds a key that one branch of a txn would write twice: two puts, or a put inside a deleted range.
 *
 * The rule, with etcd's own edges kept because clients may rely on what passes: both branches are checked;
 * deletes may overlap; a key put in a nested success branch may be put in the same nested txn's failure branch
 * (only one runs); a nested txn's puts and deletes count against its parent; a nested txn's deletes count
 * against its later siblings, but not its earlier ones; a delete "from the key to the end of all keys" (range_end
 * of one zero byte) counts against nothing.
 */
import type { etcdserverpb } from '@flotilla/wire';
import { bytesToText } from './bytes.ts';
import type { StoreError } from './errors.ts';

type RequestOp = etcdserverpb.RequestOp.$Properties;

/** Keys as text of one char a byte, whose order is byte order. */
interface DeletedRange {
  readonly start: string;
  /** Absent: the one key. */
  readonly end: string | undefined;
}

interface Writes {
  readonly puts: Set<string>;
  readonly deletes: DeletedRange[];
}

const duplicate: StoreError = { code: 'duplicateKey' };

export function findDuplicateKey({ success, failure }: etcdserverpb.TxnRequest.$Properties): StoreError | undefined {
  return collectWrites(success ?? []) && collectWrites(failure ?? []) ? undefined : duplicate;
}

/** The writes of a branch, or undefined when it writes a key twice. */
function collectWrites(ops: readonly RequestOp[]): Writes | undefined {
  const puts = new Set<string>();
  const deletes: DeletedRange[] = [];
  for (const { request_delete_range: request } of ops) {
    if (!request) continue;
    const end = request.range_end?.length ? bytesToText(request.range_end) : undefined;
    deletes.push({ start: bytesToText(request.key ?? new Uint8Array(0)), end });
  }

  for (const { request_txn: nested } of ops) {
    if (!nested) continue;
    const onSuccess = collectWrites(nested.success ?? []);
    const onFailure = collectWrites(nested.failure ?? []);
    if (!onSuccess || !onFailure) return undefined;
    for (const key of new Set([...onSuccess.puts, ...onFailure.puts])) {
      if (puts.has(key) || isDeleted(deletes, key)) return undefined;
      puts.add(key);
    }
    deletes.push(...onSuccess.deletes, ...onFailure.deletes);
  }

  for (const { request_put: put } of ops) {
    if (!put) continue;
    const key = bytesToText(put.key ?? new Uint8Array(0));
    if (puts.has(key) || isDeleted(deletes, key)) return undefined;
    puts.add(key);
  }
  return { puts, deletes };
}

function isDeleted(deletes: readonly DeletedRange[], key: string): boolean {
  return deletes.some(({ start, end }) => (end === undefined ? key === start : key >= start && key < end));
}
