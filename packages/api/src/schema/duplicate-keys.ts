/**
 * Finds keys that a JSON text gives twice: JSON.parse keeps the last one and says nothing, strict decoding must refuse them.
 * A scan over the tokens of a text that JSON.parse has accepted; no recursion, so depth costs no stack.
 */

interface Frame {
  readonly path: string;
  /** Undefined in an array. */
  readonly keys: Set<string> | undefined;
  index: number;
  key: string;
}

const token = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],:]/gu;

function pathOf(frame: Frame | undefined): string {
  if (frame === undefined) return '';
  if (frame.keys === undefined) return `${frame.path}[${frame.index}]`;
  return frame.path === '' ? frame.key : `${frame.path}.${frame.key}`;
}

/** The paths of duplicates, such as `spec.replicas`, each once, in the order of the text. */
export function duplicateKeys(json: string): readonly string[] {
  const found = new Set<string>();
  const frames: Frame[] = [];
  let expectKey = false;
  for (const [text] of json.matchAll(token)) {
    const frame = frames.at(-1);
    switch (text) {
      case '{':
      case '[':
        frames.push({ path: pathOf(frame), keys: text === '{' ? new Set() : undefined, index: 0, key: '' });
        expectKey = text === '{';
        break;
      case '}':
      case ']':
        frames.pop();
        expectKey = false;
        break;
      case ',':
        if (frame?.keys === undefined && frame) frame.index++;
        expectKey = frame?.keys !== undefined;
        break;
      case ':':
        break;
      default:
        if (expectKey && frame?.keys) noteKey(frame, frame.keys, { text, found });
        expectKey = false;
    }
  }
  return [...found];
}

function noteKey(
  frame: Frame,
  keys: Set<string>,
  { text, found }: { readonly text: string; readonly found: Set<string> },
): void {
  const key: unknown = JSON.parse(text);
  frame.key = String(key);
  if (keys.has(frame.key)) found.add(pathOf(frame));
  keys.add(frame.key);
}
