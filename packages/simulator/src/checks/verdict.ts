/** The first broken promise of a run, which ends it. */
export class Verdict {
  #violation: string | undefined;

  get violation(): string | undefined {
    return this.#violation;
  }

  violate(text: string): void {
    this.#violation ??= text;
  }
}
