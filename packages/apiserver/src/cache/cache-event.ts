/**
 * A change of one object, kept in the event window, and what a watcher with a selection makes of it.
 *
 * | selected before | selected now | the watcher sees            |
 * | --------------- | ------------ | --------------------------- |
 * | no              | yes          | ADDED                       |
 * | yes             | yes          | MODIFIED                    |
 * | yes             | no, deleted  | DELETED with the last state |
 * | no              | no           | nothing                     |
 */
import { type Version, departedVersion } from './version.ts';

export type Selects = (version: Version) => boolean;

/** What a watcher is told. */
export interface WatchItem {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly version: Version;
}

export class CacheEvent {
  readonly revision: number;
  readonly previous: Version | undefined;
  readonly current: Version | undefined;
  #departed: Version | undefined;

  constructor(revision: number, previous: Version | undefined, current: Version | undefined) {
    this.revision = revision;
    this.previous = previous;
    this.current = current;
  }

  /** The last state at this event's revision; made once for all watchers. */
  departed(last: Version): Version {
    this.#departed ??= departedVersion(last, this.revision);
    return this.#departed;
  }

  /** What a watcher that selects so is told. */
  seenBy(selects: Selects): WatchItem | undefined {
    const { previous, current } = this;
    const before = previous !== undefined && selects(previous);
    if (current && selects(current)) return { type: before ? 'MODIFIED' : 'ADDED', version: current };
    return before ? { type: 'DELETED', version: this.departed(previous) } : undefined;
  }
}
