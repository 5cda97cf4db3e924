/** The keys of a cache in the store's order, so that a list of one namespace is one slice. */

/** First position whose key is not less than `key`. */
function lowerBound(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] ?? '') < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Adds a key that is not there yet. */
export function insertKey(keys: string[], key: string): void {
  if (keys.length === 0 || (keys[keys.length - 1] ?? '') < key) keys.push(key);
  else keys.splice(lowerBound(keys, key), 0, key);
}

export function removeKey(keys: string[], key: string): void {
  const at = lowerBound(keys, key);
  if (keys[at] === key) keys.splice(at, 1);
}

/** The keys that begin with `prefix`, in order. */
export function keysBelow(keys: readonly string[], prefix: string): readonly string[] {
  return keys.slice(lowerBound(keys, prefix), lowerBound(keys, `${prefix}\u{10ffff}`));
}
