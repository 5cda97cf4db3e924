/** Loaded into a member that is attacked (`node --expose-gc --import`): tells what is in use once all garbage is gone. */

/** What it answers to the message `memory`. */
export interface MemoryAnswer {
  readonly type: 'memory';
  /** On the heap and outside of it. */
  readonly usedBytes: number;
}

process.on('message', (message) => {
  if (message !== 'memory') return;
  gc?.();
  const { heapUsed, external } = process.memoryUsage();
  const answer: MemoryAnswer = { type: 'memory', usedBytes: heapUsed + external };
  process.send?.(answer);
});
process.channel?.unref();
