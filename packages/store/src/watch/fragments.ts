/** Splits events over responses no larger than a limit; each has at least one event, and the order is kept. */
export function fragmentsOf(events: readonly Uint8Array[], maxBytes: number): readonly (readonly Uint8Array[])[] {
  const total = events.reduce((sum, event) => sum + event.length, 0);
  if (total < maxBytes || events.length < 2) return [events];
  const fragments: Uint8Array[][] = [];
  let current: Uint8Array[] = [];
  let bytes = 0;
  for (const event of events) {
    if (current.length > 0 && bytes + event.length >= maxBytes) {
      fragments.push(current);
      current = [];
      bytes = 0;
    }
    current.push(event);
    bytes += event.length;
  }
  fragments.push(current);
  return fragments;
}
