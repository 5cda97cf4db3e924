/**
 * The end of a turn of the event loop: when the sockets that had something were read, and before they are asked again. What is
 * gathered over a turn is worked on then, and what comes of that still leaves with the same turn.
 */

/** From the first word until all promises that followed have run: what goes behind them. */
let behind: (() => void)[] | undefined;

const settled = Promise.resolve();

/** Runs `callback` at the end of this turn. One asked for at the end runs at that of the next turn. */
export function atTurnEnd(callback: () => void): void {
  setImmediate(runAtEnd, callback);
}

/** Runs `callback` as at the end of this turn, but as soon as what runs now has returned: there is nothing to gather. */
export function withoutGathering(callback: () => void): void {
  process.nextTick(runAtEnd, callback);
}

/** Runs `callback` once what runs now, and all that its promises lead to, has nothing more to say. */
export function behindPromises(callback: () => void): void {
  gather().push(callback);
}

function runAtEnd(callback: () => void): void {
  gather();
  callback();
}

function gather(): (() => void)[] {
  if (behind) return behind;
  behind = [];
  // A tick that is asked for by a microtask runs behind all microtasks.
  void settled.then(endAfterPromises);
  return behind;
}

function endAfterPromises(): void {
  process.nextTick(endNow);
}

function endNow(): void {
  const callbacks = behind ?? [];
  behind = undefined;
  for (const callback of callbacks) callback();
}
