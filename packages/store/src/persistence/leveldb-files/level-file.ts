/** A file of LevelDB's, read whole. */
import { stateDamaged } from '../rows.ts';
import type { Codecs } from './codecs.ts';

export interface LevelFile {
  readonly path: string;
  readonly bytes: Buffer;
  readonly codecs: Codecs;
}

export function damagedAt({ path }: LevelFile, offset: number, reason: string): Error {
  return stateDamaged(`${path}, offset ${offset}: ${reason}`);
}
