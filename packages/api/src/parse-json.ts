/** JSON from the wire. Its depth is bounded, because what walks it later does so by recursion. */

/** Kubernetes stops at 10,000; no object of any kind comes near either. */
export const jsonMaxDepth = 1000;

const quote = 0x22;
const backslash = 0x5c;
const opening = new Set([0x5b, 0x7b]);
const closing = new Set([0x5d, 0x7d]);

/** How deep lists and objects are nested, at the deepest place. Strings are skipped. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === quote) inString = !inString;
    else if (inString) index += code === backslash ? 1 : 0;
    else if (opening.has(code)) deepest = Math.max(deepest, ++depth);
    else if (closing.has(code)) depth--;
  }
  return deepest;
}

/** Throws `SyntaxError` on what is no JSON, and on what is nested too deep. */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  if (depthOf(text) > jsonMaxDepth) throw new SyntaxError('exceeded max depth');
  return value;
}
