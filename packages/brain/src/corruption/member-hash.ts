/**
 * The hash of what a member has stored, as the others ask for it. It comes from the rows on disk (`StateFiles.hash`), so that
 * a disk that lies is found, and travels as a question between members.
 */
import type { Outcome, StoredHash } from '@flotilla/store';
import type { StateMachine } from '../driver/state-machine.ts';
import { decodeValue, encodeValue } from '../transport/frame.ts';

export interface MemberHash {
  readonly hash: number;
  /** The revision up to which it was taken. */
  readonly revision: number;
  readonly compactRevision: number;
  /** The member's latest revision then. */
  readonly currentRevision: number;
}

/** @throws OperatingError `STATE_DAMAGED` when a row does not match its checksum. */
export async function hashOf({ store, state }: StateMachine, revision: number): Promise<MemberHash | undefined> {
  if (revision > store.revision) return undefined;
  const outcome: Outcome<StoredHash> = await state.hash(revision);
  if (!outcome.ok) return undefined;
  const { revisions, compactRevision } = outcome.response;
  return { hash: revisions, revision, compactRevision, currentRevision: outcome.revision };
}

const kind = 'hash';

/** Asks for the hash up to a revision. */
export function hashQuestion(revision: number): Uint8Array {
  return encodeValue({ kind, revision });
}

/** The revision that a question asks for; undefined when it is another question. */
export function readHashQuestion(question: Uint8Array): number | undefined {
  const { kind: asked, revision } = decodeValue(question);
  return asked === kind && Number.isSafeInteger(revision) ? (revision as number) : undefined;
}

/** Undefined stands for a revision that the member does not have: compacted, or not there yet. */
export function encodeHashAnswer(answer: MemberHash | undefined): Uint8Array {
  return encodeValue({ ...answer });
}

/** @throws Error when it is no answer. */
export function readHashAnswer(answer: Uint8Array): MemberHash | undefined {
  const fields = decodeValue(answer);
  if (Object.keys(fields).length === 0) return undefined;
  const number = (name: keyof MemberHash): number => {
    const value = fields[name];
    if (!Number.isSafeInteger(value)) throw new Error('an unknown answer');
    return value as number;
  };
  return {
    hash: number('hash'),
    revision: number('revision'),
    compactRevision: number('compactRevision'),
    currentRevision: number('currentRevision'),
  };
}
