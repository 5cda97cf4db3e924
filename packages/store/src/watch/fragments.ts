/** Splits events over responses no larger than a limit; each has at least one event, and the order is kept. */
import type { FramedEvent } from './event-batch.ts';

export function fragmentsOf(events: readonly FramedEvent[], maxBytes: number): readonly (readonly FramedEvent[])[] {
  const total = events.reduce((sum, event) => sum + event.bytes.length, 0);
  if (total < maxBytes || events.length < 2) return [events];
  const fragments: FramedEvent[][] = [];
  let current: FramedEvent[] = [];
  let bytes = 0;
  for (const event of events) {
    if (current.length > 0 && bytes + event.bytes.length >= maxBytes) {
      fragments.push(current);
      current = [];
      bytes = 0;
    }
    current.push(event);
    bytes += event.bytes.length;
  }
  fragments.push(current);
  return fragments;
}
