/** What the stage needs of the network between its members: proxies on loopback are one, namespaces another. */
import type { BrainOptionValues } from '@flotilla/brain';
import type { ChannelOptions } from '@flotilla/wire';

export type ChannelTarget = Pick<ChannelOptions, 'target' | 'tls'>;

/** What happens to bytes from one member to another. */
export interface Link {
  /** Nothing passes, and nobody is told. */
  held: boolean;
  delayMs: number;
}

/** Where one member lives. */
export interface Place {
  /** The flags that say so: URLs, and certificates if it has any. */
  readonly options: Partial<BrainOptionValues>;
  /** Where clients find it, and what they trust. */
  readonly endpoint: ChannelTarget;
  /** The command that runs a program there; none where it needs none. */
  readonly launcher: readonly string[];
  /** To be called before a process is started there. */
  open(): Promise<void>;
  /** To be called after it has ended. */
  shut(): Promise<void>;
}

/** What befalls a whole place, besides its links. */
export interface CableFaults {
  /** Nothing comes or goes, as when the cable is pulled. Undone by what it returns. */
  unplug(name: string): () => void;
  /** Again and again packets are lost for a moment. Undone by what it returns. */
  loseSome(name: string): () => void;
}

export interface Network {
  /** Undefined where there are no cables. */
  readonly cables: CableFaults | undefined;
  /** @param memberOf tells whose process a process is */
  settle(name: string, memberOf: (holds: (pid: number) => boolean) => string | undefined): Promise<Place>;
  link(from: string, to: string): Link;
  /** To be called when links changed. */
  update(): void;
  /** What is on its way between two members is lost. */
  breakConnections(one: string, other: string): void;
  close(): Promise<void>;
}

/** Links by the names of both ends; all pass unless somebody changes them. */
export class Links {
  readonly #links = new Map<string, Link>();

  of(from: string, to: string): Link {
    const name = `${from} ${to}`;
    const known = this.#links.get(name) ?? { held: false, delayMs: 0 };
    this.#links.set(name, known);
    return known;
  }
}
