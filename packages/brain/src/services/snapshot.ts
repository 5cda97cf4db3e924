/**
 * `Maintenance.Snapshot`: the state as a file in blobs, filled up with zeros to whole sectors, then the SHA-256 of all of it.
 * The framing is etcd's, so that `etcdctl snapshot save` accepts it; what is in the file is ours.
 */
import { createHash } from 'node:crypto';
import type { etcdserverpb } from '@flotilla/wire';
import type { Member } from '../member/member.ts';
import { storageVersion } from '../version.ts';

type SnapshotResponse = etcdserverpb.SnapshotResponse.$Properties;

const blobBytes = 32 * 1024;
const sectorBytes = 512;

/** It holds everything that was applied here when it was asked for. */
export async function* streamSnapshot({ machine }: Member): AsyncGenerator<SnapshotResponse, void> {
  const { state, store } = machine;
  await state.reached(store.revision);
  const exported = state.exportSnapshot();
  const paddingBytes = (sectorBytes - (exported.sizeBytes % sectorBytes)) % sectorBytes;
  let remaining = exported.sizeBytes + paddingBytes;
  const hash = createHash('sha256');
  try {
    for await (const blob of blobsOf(exported.chunks, paddingBytes)) {
      hash.update(blob);
      remaining -= blob.length;
      yield { remaining_bytes: remaining, blob, version: storageVersion };
    }
  } finally {
    await exported.close();
  }
  yield { remaining_bytes: 0, blob: hash.digest(), version: storageVersion };
}

async function* blobsOf(chunks: AsyncIterable<Uint8Array>, paddingBytes: number): AsyncGenerator<Uint8Array, void> {
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += blobBytes) yield chunk.subarray(at, at + blobBytes);
  }
  if (paddingBytes > 0) yield new Uint8Array(paddingBytes);
}
