/** The kubelet's directory belongs to one node of one cluster: another's processes and addresses must not be taken for ours. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { OperatingError } from '@flotilla/base';
import { isRecord, readJson, writeJson } from './durable-file.ts';

export interface DirectoryOwner {
  readonly clusterId: string;
  readonly nodeName: string;
}

/** @throws OperatingError `DATA_DIR_FOREIGN` */
export function claimDirectory(directory: string, owner: DirectoryOwner): void {
  mkdirSync(directory, { recursive: true, mode: 0o711 });
  const path = join(directory, 'owner.json');
  const known = readJson(path, isOwner);
  if (known && (known.clusterId !== owner.clusterId || known.nodeName !== owner.nodeName)) {
    throw new OperatingError(
      'DATA_DIR_FOREIGN',
      `${directory} belongs to the node "${known.nodeName}" of the cluster ${known.clusterId}, this is "${owner.nodeName}" of ` +
        `${owner.clusterId}; give the kubelet another directory, or remove this one`,
    );
  }
  writeJson(path, owner);
}

function isOwner(value: unknown): value is DirectoryOwner {
  return isRecord(value) && typeof value['clusterId'] === 'string' && typeof value['nodeName'] === 'string';
}
