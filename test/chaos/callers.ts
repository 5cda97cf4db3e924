/** Ways of clients to the members, whoever is one at the moment. */
import { type TestClient, clientOf } from '@flotilla/brain/test/cluster';
import { openChannel } from '@flotilla/wire';
import type { ChannelTarget } from './network.ts';
import type { Stage } from './stage.ts';

export interface Called {
  readonly member: number;
  readonly client: TestClient;
}

export class Callers {
  readonly #stage: Stage;
  readonly #random: () => number;
  readonly #clients = new Map<number, TestClient>();

  /** @param random in [0, 1) */
  constructor(stage: Stage, random: () => number) {
    this.#stage = stage;
    this.#random = random;
  }

  /** Any member that takes calls, with or without luck. */
  any(): Called {
    const { callable } = this.#stage;
    const member = callable[Math.floor(this.#random() * callable.length)] ?? 0;
    return { member, client: this.at(member) };
  }

  /** A member, or another one once it takes no calls any more. */
  preferably(member: number): Called {
    return this.#stage.callable.includes(member) ? { member, client: this.at(member) } : this.any();
  }

  at(member: number): TestClient {
    const known = this.#clients.get(member);
    if (known) return known;
    const client = openClient(this.#stage.endpointOf(member));
    this.#clients.set(member, client);
    return client;
  }

  close(): void {
    for (const client of this.#clients.values()) client.close();
    this.#clients.clear();
  }
}

export function openClient(target: ChannelTarget): TestClient {
  // Pings as of any client: a killed member whose last words were lost on a cut line would be waited for without end. Members are
  // soon there again, and so are their clients.
  return clientOf(openChannel({ ...target, maxReconnectBackoffMs: 500 }));
}
