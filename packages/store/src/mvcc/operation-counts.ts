/**
 * What was asked of a keyspace since it was opened, as etcd counts it. Counting is an addition; whoever wants to know reads the
 * fields.
 *
 * Worked example: a put that asks for the previous version reads it first, which is a range and a put, and two operations at
 * once are a txn: `ranges`, `puts` and `txns` rise by one each. A txn chooses its path in a read of its own before it writes.
 */
export class OperationCounts {
  ranges = 0;
  puts = 0;
  /** Keys and values of all puts. */
  putBytes = 0;
  /** Of intervals, whatever they held; of each key of a revoked lease. */
  deletes = 0;
  /** Runs of more than one operation. */
  txns = 0;
  /** Changes that compactions have dropped. */
  compacted = 0;
  #counted = 0;

  put(bytes: number): void {
    this.puts++;
    this.putBytes += bytes;
  }

  /** Adds what another has counted. */
  add(other: Readonly<OperationCounts>): void {
    this.ranges += other.ranges;
    this.puts += other.puts;
    this.putBytes += other.putBytes;
    this.deletes += other.deletes;
    this.txns += other.txns;
    this.compacted += other.compacted;
  }

  /** A run of operations that belong together has ended. */
  endRun(): void {
    const operations = this.ranges + this.puts + this.deletes;
    if (operations - this.#counted > 1) this.txns++;
    this.#counted = operations;
  }
}
