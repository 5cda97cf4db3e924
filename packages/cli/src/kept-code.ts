/**
 * Compiled code that is kept between runs. V8 compiles a function when it is first called, which is a third of what a member does until
 * it serves; what it compiled of a script it can hand out, and take back in another process. Node's own cache of modules
 * (`module.enableCompileCache`) is made before a module has run, and holds none of the functions inside.
 *
 * Code from elsewhere would be run as ours: it is kept in a directory that belongs to this user and lets nobody else in, or not at all.
 * V8 believes what it is given, so each file ends with a checksum.
 */
import { lstatSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { cachedDataVersionTag } from 'node:v8';
import { Script } from 'node:vm';
import * as zlib from 'node:zlib';

/** Of a script's function: what modules have, and what it calls once all that a start needs has run. */
type ScriptFunction = (require: NodeJS.Require, filename: string, keepCode: () => void) => void;

/** Its first line is a comment: what tells its text from that of any other version. */
const digestPattern = /^[/][/](\w{32,})\n/;

/** Runs a script of the bundle, which is one function, and imports nothing dynamically. */
export function runScript(path: string): void {
  const source = readFileSync(path, 'latin1');
  const digest = digestPattern.exec(source.slice(0, 100))?.[1];
  const directory = privateDirectory();
  const kept = digest && directory && join(directory, `${basename(path)}-${digest}-${cachedDataVersionTag()}`);
  const cachedData = kept ? readKept(kept) : undefined;
  const script = new Script(source, { filename: path, ...(cachedData && { cachedData }) });
  const isKept = cachedData !== undefined && script.cachedDataRejected === false;
  const run = script.runInThisContext() as ScriptFunction;
  run(createRequire(path), path, () => {
    if (kept && !isKept) keep(kept, script.createCachedData());
  });
}

/** For this user alone; undefined where there is no such place, or where Node's own cache is not wanted either. */
function privateDirectory(): string | undefined {
  const uid = process.getuid?.();
  if (uid === undefined || process.env['NODE_DISABLE_COMPILE_CACHE']) return undefined;
  const path = join(tmpdir(), `flotilla-code-${uid}`);
  try {
    mkdirSync(path, { mode: 0o700, recursive: true });
    const found = lstatSync(path);
    return found.isDirectory() && found.uid === uid && (found.mode & 0o077) === 0 ? path : undefined;
  } catch {
    return undefined;
  }
}

const sumBytes = 4;

/** From Node 20.15 on; before that nothing is kept. */
const { crc32 } = zlib as { readonly crc32?: (data: Uint8Array) => number };

/** Undefined when there is none, or it is damaged. */
function readKept(path: string): Buffer | undefined {
  try {
    const bytes = readFileSync(path);
    const code = bytes.subarray(0, -sumBytes);
    return crc32?.(code) === bytes.readUInt32LE(code.length) ? code : undefined;
  } catch {
    return undefined;
  }
}

/** Whole or not at all; that it could not be kept harms nobody. */
function keep(path: string, code: Buffer): void {
  if (!crc32) return;
  const sum = Buffer.alloc(sumBytes);
  sum.writeUInt32LE(crc32(code));
  try {
    writeFileSync(`${path}.${process.pid}`, Buffer.concat([code, sum]), { mode: 0o600 });
    renameSync(`${path}.${process.pid}`, path);
  } catch {
    // No room, or no right.
  }
}
