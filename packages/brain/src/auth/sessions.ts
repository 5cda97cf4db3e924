/**
 * The simple tokens that this member knows: given out by entries, so that every member that has applied the entry knows the
 * token, but kept in memory, each with a time of its own that every use begins anew.
 *
 * Invariant: tokens stand in the order in which they end, because all live equally long and a use moves one to the end.
 */
import type { Clock } from '@flotilla/base';
import type { AuthObserver } from '@flotilla/store';

interface Session {
  readonly user: string;
  readonly endsMs: number;
}

export class Sessions implements AuthObserver {
  readonly #clock: Clock;
  readonly #ttlMs: number;
  readonly #byToken = new Map<string, Session>();

  constructor({ clock, ttlMs }: { readonly clock: Clock; readonly ttlMs: number }) {
    this.#clock = clock;
    this.#ttlMs = ttlMs;
  }

  /** The user of a token, which lives on by being used. */
  use(token: string): string | undefined {
    this.#dropEnded();
    const user = this.#byToken.get(token)?.user;
    if (user !== undefined) this.#begin(token, user);
    return user;
  }

  authenticated({ user, token }: { readonly user: string; readonly token: string }): void {
    this.#dropEnded();
    this.#begin(token, user);
  }

  invalidated(user: string): void {
    for (const [token, session] of this.#byToken) if (session.user === user) this.#byToken.delete(token);
  }

  disabled(): void {
    this.#byToken.clear();
  }

  /** Another state took the place of the one that was observed: what made tokens void in between was not seen, so all are. */
  replaced(): void {
    this.#byToken.clear();
  }

  #begin(token: string, user: string): void {
    this.#byToken.delete(token);
    this.#byToken.set(token, { user, endsMs: this.#clock.monotonicMs() + this.#ttlMs });
  }

  #dropEnded(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const [token, { endsMs }] of this.#byToken) {
      if (endsMs > nowMs) return;
      this.#byToken.delete(token);
    }
  }
}
