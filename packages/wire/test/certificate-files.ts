/** The certificates of a cluster as files in a directory of their own, which ends with the test. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Authority, type CertificateRequest, type PairFiles, createAuthority, writePair } from './certificates.ts';

export interface CertificateFiles {
  readonly directory: string;
  readonly authority: Authority;
  /** The CA's certificate, as a file. */
  readonly ca: string;
  /** Makes a pair, or another one in its place. */
  make(name: string, request?: CertificateRequest): Promise<PairFiles>;
}

export async function certificateFiles(t: {
  teardown(callback: () => Promise<void>): void;
}): Promise<CertificateFiles> {
  const directory = await mkdtemp(join(tmpdir(), 'flotilla-certificates-'));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  const authority = await createAuthority();
  const ca = join(directory, 'ca.crt');
  await writeFile(ca, authority.ca);
  return {
    directory,
    authority,
    ca,
    make: async (name, request = {}) =>
      writePair(directory, name, await authority.issue({ commonName: name, ...request })),
  };
}
