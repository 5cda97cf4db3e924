/** A store without files, for tests and simulations: empty, whole in memory, compacted at once. */
import { StateMachine } from './state-machine.ts';
import type { Store } from './store.ts';

export function createStore(): Store {
  return new StateMachine();
}
