/** Makes the names in a directory durable. Only the sync is waited for; to open a directory takes less than to have it opened. */
import { closeSync, fsync, openSync } from 'node:fs';

export function syncDirectory(path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const descriptor = openSync(path, 'r');
    fsync(descriptor, (error) => {
      closeSync(descriptor);
      if (error) reject(error);
      else resolve();
    });
  });
}
