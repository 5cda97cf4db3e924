/** What `strace -f -yy -xx -T -ttt` wrote of a process, as calls. */
import fs from 'node:fs/promises';

export interface Call {
  readonly name: string;
  /** What the first argument is: the path of a file, or `TCP:[here->there]`. */
  readonly target: string;
  /** The bytes that were handed over, as far as strace shows them. */
  readonly bytes: Buffer;
  /** What it returned; negative when it failed. */
  readonly result: number;
  /** Seconds of the wall clock: when it was entered, when it had returned. */
  readonly began: number;
  readonly ended: number;
}

const lineForm = /^(\d+) +(\d+\.\d+) (.*)$/;
const resumedForm = /^<\.\.\. (\w+) resumed>(.*)$/;
const unfinished = ' <unfinished ...>';
const callForm = /^(\w+)\(\d+<(.*?)>[,)](.*?)(?: = (-?\d+).*? <(\d+\.\d+)>)$/;

export async function readTrace(file: string): Promise<readonly Call[]> {
  const calls: Call[] = [];
  const open = new Map<string, { readonly began: number; readonly text: string }>();
  for (const line of (await fs.readFile(file, 'latin1')).split('\n')) {
    const [, thread = '', time = '', text = ''] = lineForm.exec(line) ?? [];
    if (text.endsWith(unfinished)) {
      open.set(thread, { began: Number(time), text: text.slice(0, -unfinished.length) });
      continue;
    }
    const [, , rest] = resumedForm.exec(text) ?? [];
    const begun = open.get(thread);
    if (rest !== undefined) open.delete(thread);
    const whole = rest === undefined ? text : `${begun?.text ?? ''}${rest}`;
    const call = toCall(whole, rest === undefined ? Number(time) : (begun?.began ?? 0));
    if (call) calls.push(call);
  }
  return calls;
}

function toCall(text: string, began: number): Call | undefined {
  const [, name, target, rest = '', result, seconds] = callForm.exec(text) ?? [];
  if (name === undefined || target === undefined) return undefined;
  const quoted = [...rest.matchAll(/"((?:\\x[0-9a-f]{2})*)"/g)].map(([, hex = '']) => hex);
  return {
    name,
    // Paths are printed in hexadecimal, sockets are not.
    target: target.startsWith('\\x') ? bytesOf(target).toString() : target,
    bytes: bytesOf(quoted.join('')),
    result: Number(result),
    began,
    ended: began + Number(seconds),
  };
}

function bytesOf(hex: string): Buffer {
  return Buffer.from(hex.replaceAll('\\x', ''), 'hex');
}

/** The bytes that left by a connection, and when each of them did. */
export class Outflow {
  readonly #chunks: { readonly offset: number; readonly began: number }[] = [];
  #bytes = Buffer.alloc(0);

  add({ bytes, result, began }: Call): void {
    if (result <= 0) return;
    this.#chunks.push({ offset: this.#bytes.length, began });
    this.#bytes = Buffer.concat([this.#bytes, bytes.subarray(0, result)]);
  }

  /** The payloads of HTTP/2 DATA frames, each with the time at which its first byte left. */
  *dataFrames(): Generator<{ readonly payload: Buffer; readonly leftAt: number }> {
    const headBytes = 9;
    for (let at = 0; at + headBytes <= this.#bytes.length;) {
      const length = this.#bytes.readUIntBE(at, 3);
      if (this.#bytes[at + 3] === 0) {
        const payload = this.#bytes.subarray(at + headBytes, at + headBytes + length);
        yield { payload, leftAt: this.#timeOf(at) };
      }
      at += headBytes + length;
    }
  }

  #timeOf(offset: number): number {
    return this.#chunks.findLast((chunk) => chunk.offset <= offset)?.began ?? Number.NaN;
  }
}
