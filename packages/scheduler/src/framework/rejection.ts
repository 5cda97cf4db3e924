/**
 * Why a pod can't go somewhere. Being unschedulable is an outcome of a cycle, never an error: what a plugin throws is a bug.
 */

export interface Rejection {
  /** As people read it after "0/3 nodes are available: 3 …". One constant text a cause, so that causes can be counted. */
  readonly reason: string;
  /**
   * Whether the removal of pods could change the answer. A node that is not the named one stays so whatever is evicted, and
   * preemption need not look at it.
   */
  readonly resolvable: boolean;
}

/** The nodes that turned a pod down, by plugin, and the plugins whose events may bring the pod back. */
export interface Diagnosis {
  /** `0/N nodes are available: …` */
  readonly message: string;
  readonly rejectedBy: ReadonlySet<string>;
}
