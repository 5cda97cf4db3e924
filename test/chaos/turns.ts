/** What must not happen at the same time as other things of its kind: one after the other, in the order of asking. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  run<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work);
    // Whoever waits next does not care how this ended.
    this.#last = turn.then(
      () => undefined,
      () => undefined,
    );
    return turn;
  }
}
