/** A permission: what may be done with which keys; and as the wire and the rows carry it. */
import { authpb } from '@flotilla/wire';
import { compareBytes, noBytes } from '../bytes.ts';

export interface Permission {
  readonly type: authpb.Permission.Type;
  readonly key: Uint8Array;
  readonly rangeEnd: Uint8Array;
}

/** The bytes are copied: a decoded message is a view into an entry or a row, which is not to be kept for it. */
export function fromMessage({ permType, key, range_end }: authpb.Permission.$Properties): Permission {
  return {
    type: permType ?? authpb.Permission.Type.READ,
    key: new Uint8Array(key ?? noBytes),
    rangeEnd: new Uint8Array(range_end ?? noBytes),
  };
}

export function toMessage({ type, key, rangeEnd }: Permission): authpb.Permission.$Properties {
  return { permType: type, key, range_end: rangeEnd };
}

type Keys = Omit<Permission, 'type'>;

export function sameKeys(a: Keys, b: Keys): boolean {
  return compareBytes(a.key, b.key) === 0 && compareBytes(a.rangeEnd, b.rangeEnd) === 0;
}

/** One key, a range that begins before it ends, or all keys from one on (a range_end of one zero byte). */
export function namesKeys({ key, rangeEnd }: Keys): boolean {
  if (key.length === 0) return false;
  if (rangeEnd.length === 0 || (rangeEnd.length === 1 && rangeEnd[0] === 0)) return true;
  return compareBytes(key, rangeEnd) < 0;
}
