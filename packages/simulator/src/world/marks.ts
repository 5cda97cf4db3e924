/** How often each situation was reached that a run should come to: a simulation that never gets there proves nothing. */

export const markNames = [
  'leader elected',
  'leader deposed while it still led for itself',
  'conflicting suffix truncated',
  'power lost while a lost suffix was replaced',
  'crash while a snapshot took the place of a lost suffix',
  'leader again while messages of an earlier term were under way',
  'entries applied before they were synced here',
  'power lost',
  'power lost between log sync and state write',
  'power lost during a write of the log',
  'unsynced bytes lost',
  'unsynced bytes torn',
  'unsynced bits flipped',
  'log tail cut at a start',
  'entry written on the spot',
  'killed',
  'killed while it led',
  'stopped in good order',
  'paused',
  'paused while it led',
  'wall clock moved',
  'partition into two sides',
  'partition one way',
  'member cut off',
  'member cut off by a firewall that rejects',
  'leader cut off while it hands over',
  'several members campaign at once',
  'slow link',
  'message lost',
  'message doubled',
  'message overtaken',
  'connection broken',
  'port refused after a death',
  'slow disk',
  'stalled disk',
  'stalled disk of the leader',
  'full disk',
  'database spent by a full disk',
  'state opened anew after a full disk',
  'failed sync',
  'snapshot sent',
  'snapshot installed',
  'crash while a snapshot was received or installed',
  'log compacted',
  'keyspace compacted',
  'leadership moved by a client',
  'lease expired',
  'renewal at a deposed leader',
  'renewal refused',
  'watch resumed elsewhere',
  'watch told that its revision is compacted',
  'progress of a watch',
  'compaction under an unsynced watcher',
  'users or roles changed',
  'request refused for its user',
  'alarm about space',
  'lock held',
  'fence kept a late holder out',
  'write of unknown outcome',
  'write of unknown outcome that happened',
  'follower forwarded a write',
  'follower forwarded a read',
  'stale serializable read',
  'all members down at once',
  'files damaged',
  'damage refused',
  'damage survived',
  'disk rolled back',
  'rolled back disk found',
  'voter added',
  'learner added',
  'learner promoted',
  'promotion refused: the learner is behind',
  'member removed',
  'member replaced',
  'newcomer lost power as it began',
  'member with a lost disk removed',
  'peer URLs of a member changed',
  'change of the members asked of whom it is about',
  'change of the members refused by the strict check',
  'members listed',
  'leader removed itself',
  'leader down with a conf change under way',
  'conf change lost with its leader',
  'joint configuration entered',
  'joint configuration left by another leader',
  'snapshot with a joint configuration',
  'cluster of seven voters',
  'cluster shrunk to one voter',
  'removed member stopped',
  'removed member refused by the others',
  'removed member does not start on its old disk',
  'election won',
  'election proclaimed',
  'election resigned',
  'leader observed',
  'fence kept a deposed leader out',
] as const;

export type MarkName = (typeof markNames)[number];

/** How often each mark was reached; those that were not are missing. */
export type MarkCounts = ReadonlyMap<MarkName, number>;

export class Marks {
  readonly #counts = new Map<MarkName, number>();

  get counts(): MarkCounts {
    return this.#counts;
  }

  hit(name: MarkName): void {
    this.#counts.set(name, this.count(name) + 1);
  }

  count(name: MarkName): number {
    return this.#counts.get(name) ?? 0;
  }

  /** Adds the counts of a run. */
  add(counts: MarkCounts): void {
    for (const [name, count] of counts) this.#counts.set(name, this.count(name) + count);
  }

  get missed(): readonly MarkName[] {
    return markNames.filter((name) => this.count(name) === 0);
  }
}
