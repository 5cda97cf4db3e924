/** One key, seen through its values only: what holds of any store, whatever else it tells. */
import type { Model } from './history.ts';

export type RegisterInput =
  | { readonly kind: 'put'; readonly value: string }
  | { readonly kind: 'delete' }
  | { readonly kind: 'read' }
  /** Puts `value` if the key has the value `expected` (undefined: does not exist). */
  | { readonly kind: 'compareAndPut'; readonly expected: string | undefined; readonly value: string };

export type RegisterOutput =
  | { readonly kind: 'put' }
  | { readonly kind: 'delete'; readonly deleted: boolean }
  | { readonly kind: 'read'; readonly value: string | undefined }
  | { readonly kind: 'compareAndPut'; readonly succeeded: boolean };

export interface Register {
  readonly value: string | undefined;
}

export const registerModel: Model<RegisterInput, RegisterOutput, Register> = {
  initial: { value: undefined },
  step(state, input, output) {
    switch (input.kind) {
      case 'put':
        return { value: input.value };
      case 'delete': {
        const deleted = state.value !== undefined;
        if (output?.kind === 'delete' && output.deleted !== deleted) return undefined;
        return deleted ? { value: undefined } : state;
      }
      case 'read':
        return output?.kind === 'read' && output.value !== state.value ? undefined : state;
      case 'compareAndPut': {
        const succeeded = state.value === input.expected;
        if (output?.kind === 'compareAndPut' && output.succeeded !== succeeded) return undefined;
        return succeeded ? { value: input.value } : state;
      }
    }
  },
  fingerprint: ({ value }) => (value === undefined ? '-' : `=${value}`),
};
