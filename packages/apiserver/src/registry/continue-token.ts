/** The token of a paged list's next page: where to go on, and in which snapshot. Kubernetes' own form. */
import { badRequest } from '@flotilla/api';

/** Of a token that goes on with whatever is there now. */
export const anyRevision = -1;

export interface ContinueToken {
  readonly revision: number;
  /** The first key of the next page, relative to the collection's prefix. */
  readonly start: string;
}

export function encodeContinue({ revision, start }: ContinueToken): string {
  return Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv: revision, start })).toString('base64url');
}

/** @throws ApiError BadRequest for anything that this server did not make. */
export function decodeContinue(token: string): ContinueToken {
  try {
    const { v, rv, start } = JSON.parse(Buffer.from(token, 'base64url').toString()) as Readonly<
      Record<string, unknown>
    >;
    if (v === 'meta.k8s.io/v1' && typeof rv === 'number' && Number.isSafeInteger(rv) && typeof start === 'string') {
      // Keys go up from the prefix: a token must not lead out of its collection.
      if (rv !== 0 && rv >= anyRevision && start !== '') return { revision: rv, start };
    }
  } catch (error) {
    throw badRequest('continue key is not valid', error);
  }
  throw badRequest('continue key is not valid');
}
