/** Histories for the checker's tests: made by an atomic object, so that they are good, and then spoiled. */
import type { Randomness } from '@flotilla/base';
import type { History, Model, Operation } from '@flotilla/simulator';

export function below(randomness: Randomness, count: number): number {
  return Math.floor(randomness.next() * count);
}

/**
 * Clients that call an atomic object, one call at a time each: every call takes effect at a moment between its begin and
 * its end. Some calls never return, and then take effect late or never.
 */
export function drawHistory<Input, Output, State>(
  randomness: Randomness,
  given: {
    readonly model: Model<Input, Output, State>;
    /** What the object answers. */
    readonly serve: (state: State, input: Input) => { readonly state: State; readonly output: Output };
    readonly drawInput: (randomness: Randomness, state: State) => Input;
    readonly clients: number;
    readonly operations: number;
    readonly unknownShare: number;
  },
): Operation<Input, Output>[] {
  const { model, serve, drawInput, clients, operations, unknownShare } = given;
  const history: Operation<Input, Output>[] = [];
  let state = model.initial;
  let now = 0;
  const busy: { client: number; input: Input; calledAt: number; output: Output | undefined; lost: boolean }[] = [];
  const free = Array.from({ length: clients }, (_, i) => i);
  let nextClient = clients;
  let called = 0;
  while (called < operations || busy.length > 0) {
    now++;
    if (called < operations && free.length > 0 && randomness.next() < 0.5) {
      const client = free.splice(below(randomness, free.length), 1)[0] as number;
      const lost = randomness.next() < unknownShare;
      busy.push({ client, input: drawInput(randomness, state), calledAt: now, output: undefined, lost });
      called++;
      continue;
    }
    const at = below(randomness, busy.length);
    const call = busy[at];
    if (!call) continue;
    const { client, input, calledAt, lost } = call;
    if (lost && randomness.next() < 0.3) {
      // Given up without having happened.
      busy.splice(at, 1);
      history.push({ client, input, calledAt, result: undefined });
      free.push(nextClient++);
    } else if (call.output === undefined) {
      ({ state, output: call.output } = serve(state, input));
    } else {
      busy.splice(at, 1);
      history.push({ client, input, calledAt, result: lost ? undefined : { at: now, output: call.output } });
      free.push(lost ? nextClient++ : client);
    }
  }
  return history;
}

/** Tries every order of every choice of the unknown operations: slow and obviously right. */
export function bruteForce<Input, Output, State>(
  model: Model<Input, Output, State>,
  history: History<Input, Output>,
): boolean {
  const search = (state: State, left: History<Input, Output>): boolean => {
    if (left.every(({ result }) => result === undefined)) return true;
    return left.some((operation) => {
      const others = left.filter((other) => other !== operation);
      if (others.some(({ result }) => (result?.at ?? Infinity) < operation.calledAt)) return false;
      const after = model.step(state, operation.input, operation.result?.output);
      return after !== undefined && search(after, others);
    });
  };
  return search(model.initial, history);
}
