/**
 * Frames that wait for their stream, bounded by bytes. A full outbox takes nothing: the caller drops the frame, which raft
 * may always do. One consumer.
 */
export interface Outbox extends AsyncIterable<Uint8Array> {
  /** False when the frame was not taken. */
  push(frame: Uint8Array): boolean;
  end(): void;
}

export function createOutbox(maxBytes: number): Outbox {
  const frames: Uint8Array[] = [];
  let bytes = 0;
  let ended = false;
  let wake: (() => void) | undefined;
  const signal = (): void => {
    wake?.();
    wake = undefined;
  };

  async function* drain(): AsyncGenerator<Uint8Array, void> {
    for (;;) {
      const frame = frames.shift();
      if (frame) {
        bytes -= frame.length;
        yield frame;
      } else if (ended) {
        return;
      } else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  }

  return {
    push(frame) {
      // A single frame above the bound still travels when nothing else waits.
      if (ended || (frames.length > 0 && bytes + frame.length > maxBytes)) return false;
      frames.push(frame);
      bytes += frame.length;
      signal();
      return true;
    },
    end() {
      ended = true;
      frames.length = 0;
      signal();
    },
    [Symbol.asyncIterator]: drain,
  };
}
