/** Real files whose writes can be made to hang, as a sick disk does. */
import { type Files, createSystemFiles } from '@flotilla/brain';

export interface StallingFiles extends Files {
  /** Writes that begin from now on hang … */
  stall(): void;
  /** … until now. */
  release(): void;
}

export function stallingFiles(): StallingFiles {
  let gate: Promise<void> | undefined;
  let open = (): void => undefined;
  const files = createSystemFiles();
  return {
    ...files,
    async open(path, mode) {
      const file = await files.open(path, mode);
      return {
        ...file,
        async write(writes) {
          await gate;
          await file.write(writes);
        },
        writeNow: (writes) => !gate && file.writeNow?.(writes) === true,
      };
    },
    stall() {
      gate = new Promise((resolve) => {
        open = resolve;
      });
    },
    release() {
      gate = undefined;
      open();
    },
  };
}
