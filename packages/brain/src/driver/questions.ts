/** What other members ask beside raft's messages: each question names its kind, and somebody here has the answer. */
import type { NodeId } from '@flotilla/raft';
import { RpcError, StatusCode } from '@flotilla/wire';
import { decodeValue } from '../transport/frame.ts';
import type { CorruptionChecks } from '../corruption/corruption-checks.ts';
import type { Departure } from './departure.ts';
import type { Leases } from './leases.ts';
import type { Reconfiguration } from './reconfiguration.ts';
import type { Roster } from './roster.ts';

export interface Answering {
  readonly leases: Leases;
  readonly reconfiguration: Reconfiguration;
  readonly departure: Departure;
  readonly corruption: CorruptionChecks;
  readonly roster: Roster;
}

export async function answerQuestion(
  { leases, reconfiguration, departure, corruption, roster }: Answering,
  { from, question }: { readonly from: NodeId; readonly question: Uint8Array },
): Promise<Uint8Array> {
  const kind = kindOf(question);
  if (kind === 'isRemoved') return departure.answer(from);
  // Whoever leads knows all members: one that it does not know has nothing to ask of it.
  if (roster.isStranger(from)) {
    throw new RpcError(StatusCode.FAILED_PRECONDITION, `no member ${from.toString(16)} is known here`);
  }
  if (kind === 'confChange') return reconfiguration.answer(question);
  return await (corruption.answer(question) ?? leases.answer(question));
}

/** @throws RpcError for bytes that are no question. */
function kindOf(question: Uint8Array): unknown {
  try {
    return decodeValue(question)['kind'];
  } catch (error) {
    throw new RpcError(StatusCode.INVALID_ARGUMENT, 'a question that is not of this protocol', { cause: error });
  }
}
