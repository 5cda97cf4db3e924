/** Informers shared by many readers: one list and one watch a collection, whoever asks for it. */
import type { KubeObject } from '@flotilla/api';
import type { TaskGroup } from '@flotilla/base';
import type { ApiClient, ResourceType } from './client.ts';
import { type Informer, type InformerOptions, createInformer } from './informer.ts';

export interface InformerFactory {
  /** The informer of that kind, made at the first call. Its indexers are those of the first call. */
  informer<T extends KubeObject>(type: ResourceType<T>, options?: Pick<InformerOptions<T>, 'indexers'>): Informer<T>;
  /** Starts all informers made so far; those already started go on. */
  start(group: TaskGroup): void;
  waitForSync(signal: AbortSignal): Promise<void>;
  /** What a new leader awaits before it acts: every cache shows the store as of `revision` or later. */
  waitForRevision(revision: number, signal: AbortSignal): Promise<void>;
}

export function createInformerFactory(
  client: ApiClient,
  options: Omit<InformerOptions<KubeObject>, 'indexers'> = {},
): InformerFactory {
  const informers = new Map<string, Informer<KubeObject>>();
  const started = new Set<Informer<KubeObject>>();
  const all = async (wait: (informer: Informer<KubeObject>) => Promise<void>): Promise<void> => {
    await Promise.all([...informers.values()].map(wait));
  };

  return {
    informer<T extends KubeObject>(type: ResourceType<T>, { indexers }: Pick<InformerOptions<T>, 'indexers'> = {}) {
      const key = `${type.group}/${type.version}/${type.plural}`;
      const known = informers.get(key);
      // One key is one type: whoever asks with the same group, version and plural means the same T.
      if (known) return known as unknown as Informer<T>;
      const made = createInformer<T>(client, type, { ...options, indexers });
      informers.set(key, made as unknown as Informer<KubeObject>);
      return made;
    },
    start(group) {
      for (const informer of informers.values()) {
        if (!started.has(informer)) informer.start(group);
        started.add(informer);
      }
    },
    waitForSync: (signal) => all((informer) => informer.waitForSync(signal)),
    waitForRevision: (revision, signal) => all((informer) => informer.waitForRevision(revision, signal)),
  };
}
