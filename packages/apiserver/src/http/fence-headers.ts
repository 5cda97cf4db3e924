/** The fence of a write over REST: `Flotilla-Fence-Key` (base64) and `Flotilla-Fence-Revision`. */
import type { IncomingHttpHeaders } from 'node:http';
import { badRequest } from '@flotilla/api';
import type { Fence } from '../elections/fence.ts';

/** @throws ApiError BadRequest for half a fence, or one that can't be read. */
export function fenceOf(headers: IncomingHttpHeaders): Fence | undefined {
  const key = headers['flotilla-fence-key'];
  const revision = headers['flotilla-fence-revision'];
  if (key === undefined && revision === undefined) return undefined;
  const createRevision = Number(revision);
  if (typeof key !== 'string' || !Number.isSafeInteger(createRevision) || createRevision <= 0) {
    throw badRequest(
      'a fence needs the headers Flotilla-Fence-Key (base64) and Flotilla-Fence-Revision (a positive number)',
    );
  }
  return { key: Buffer.from(key, 'base64').toString(), createRevision };
}
