/** Draws from one seeded source, in the words of who draws. */
import { crc32 } from 'node:zlib';
import { type Randomness, seededRandomness } from '@flotilla/base';

export class Chance {
  readonly randomness: Randomness;

  /**
   * The source of one concern of a seed, which no other draws from: what is added to a concern later changes only the runs of
   * the seeds that have it.
   */
  static about(seed: number, concern: string): Chance {
    return new Chance(seededRandomness(crc32(`${concern} of ${seed}`)));
  }

  constructor(randomness: Randomness) {
    this.randomness = randomness;
  }

  /** Another source, whose numbers do not depend on how many are drawn here from now on. */
  fork(): Chance {
    return new Chance(seededRandomness(this.below(2 ** 32)));
  }

  /** A whole number in [0, count). */
  below(count: number): number {
    return Math.floor(this.randomness.next() * count);
  }

  /** A whole number in [from, to]. */
  within(from: number, to: number): number {
    return from + this.below(to - from + 1);
  }

  /** A number in [from, to). */
  between(from: number, to: number): number {
    return from + (to - from) * this.randomness.next();
  }

  /** Between `from` and `to`, as likely to be near the one as to be near ten times it. */
  magnitude(from: number, to: number): number {
    return Math.exp(this.between(Math.log(from), Math.log(to)));
  }

  happens(probability: number): boolean {
    return this.randomness.next() < probability;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }

  pickWeighted<T>(list: readonly (readonly [weight: number, value: T])[]): T {
    let at = this.randomness.next() * list.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, value] of list) {
      at -= weight;
      if (at < 0) return value;
    }
    return (list.at(-1) as readonly [number, T])[1];
  }

  shuffle<T>(list: readonly T[]): T[] {
    const shuffled = [...list];
    for (let i = shuffled.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [shuffled[i], shuffled[j]] = [shuffled[j] as T, shuffled[i] as T];
    }
    return shuffled;
  }
}
