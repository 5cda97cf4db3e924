/** What became of a request: an answer with the revision of its header, or a refusal that changed nothing. */
import type { StoreError, StoreErrorCode } from './errors.ts';

export interface Answer<R> {
  readonly ok: true;
  /** The protobuf message without its header. */
  readonly response: R;
  /** What the header's `revision` is to be. */
  readonly revision: number;
}

export interface Refusal {
  readonly ok: false;
  readonly error: StoreError;
}

export type Outcome<R> = Answer<R> | Refusal;

export function refuse(code: StoreErrorCode): Refusal {
  return { ok: false, error: { code } };
}
