/**
 * The end of a turn of the event loop: when the sockets that had something were read, and before they are asked again. What is
 * gathered over a turn is worked on then, and what comes of that still leaves with the same turn.
 */

/** From the beginning of a callback of {@link atTurnEnd} until all that its promises led to has run: what goes behind it. */
let behind: (() => void)[] | undefined;

const settled = Promise.resolve();

/** Runs `callback` at the end of this turn. One asked for at the end runs at that of the next turn. */
export function atTurnEnd(callback: () => void): void {
  setImmediate(runAtEnd, callback);
}

/** Runs `callback` once this turn has nothing more to say: after the callbacks of {@link atTurnEnd} and their promises. */
export function behindTurn(callback: () => void): void {
  if (behind) behind.push(callback);
  else setImmediate(callback);
}

function runAtEnd(callback: () => void): void {
  behind ??= [];
  // A tick that is asked for by a microtask runs behind all microtasks.
  void settled.then(endAfterPromises);
  callback();
}

function endAfterPromises(): void {
  process.nextTick(endNow);
}

function endNow(): void {
  const callbacks = behind ?? [];
  behind = undefined;
  for (const callback of callbacks) callback();
}
