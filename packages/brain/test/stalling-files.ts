/** Real files whose syncs can be made to hang, as a sick disk does. */
import { type Files, systemFiles } from '@flotilla/brain';

export interface StallingFiles extends Files {
  /** Syncs that begin from now on hang … */
  stall(): void;
  /** … until now. */
  release(): void;
}

export function stallingFiles(): StallingFiles {
  let gate: Promise<void> | undefined;
  let open = (): void => undefined;
  return {
    ...systemFiles,
    async open(path, mode) {
      const file = await systemFiles.open(path, mode);
      return {
        ...file,
        async sync() {
          await gate;
          await file.sync();
        },
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
