/**
 * Certificates that a member makes for itself (`--auto-tls`, `--peer-auto-tls`), as etcd makes them: no CA vouches for them, so
 * they keep secrets from who listens, and say nothing of who is at the other end. They lie in the data directory and are used
 * again by later starts, whatever became of them: a client may trust the certificate itself.
 *
 * Invariant: the two files of a pair are there together only when both are whole and belong to each other.
 */
import { X509Certificate, createPrivateKey } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { type Logger, OperatingError, messageOf } from '@flotilla/base';
import { makeCertificate } from '@flotilla/base/certificate';
import type { PairFiles, SelfSigned } from './options.ts';

const yearMs = 365 * 24 * 60 * 60 * 1000;

export interface SelfSignedPair {
  readonly pair: PairFiles;
  readonly selfSigned: SelfSigned;
}

/**
 * Makes a pair unless it is there. One file without the other is what a start left behind that died: both are made anew.
 * @throws OperatingError `TLS_FILES` for a pair that is there and no good, or can't be made.
 */
export async function ensureSelfSigned({ pair, selfSigned }: SelfSignedPair, logger: Logger): Promise<void> {
  if (existsSync(pair.cert) && existsSync(pair.key)) return checkPair(pair, logger);
  const nowMs = Date.now();
  const notAfter = new Date(nowMs + selfSigned.validityYears * yearMs);
  logger.warn('automatically generate certificates', {
    'certificate-validity-bound-not-after': notAfter.toISOString(),
  });
  const { certificate, key } = await makeCertificate({
    subject: { organization: 'etcd' },
    purpose: { type: 'self-signed-server', hosts: selfSigned.hosts },
    notBefore: new Date(nowMs),
    notAfter,
    curve: 'P-521',
  });
  try {
    save(pair, { certificate, key }, selfSigned.dataDir);
  } catch (error) {
    const text = `${pair.cert} can't be made: ${messageOf(error)}. Give another --data-dir, or certificates of your own`;
    throw new OperatingError('TLS_FILES', text, { cause: error });
  }
  logger.info('created cert file', { path: pair.cert });
  logger.info('created key file', { path: pair.key });
}

function checkPair({ cert, key }: PairFiles, logger: Logger): void {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(readFileSync(cert));
    if (!certificate.checkPrivateKey(createPrivateKey(readFileSync(key)))) {
      throw new Error('the key is not that of the certificate');
    }
  } catch (error) {
    const text = `${cert}, ${key}: ${messageOf(error)}. Remove both, and the next start makes new ones`;
    throw new OperatingError('TLS_FILES', text, { cause: error });
  }
  if (Date.parse(certificate.validTo) > Date.now()) return;
  logger.warn('a self-signed certificate has run out: remove it and its key, and the next start makes new ones', {
    path: cert,
    notAfter: certificate.validTo,
  });
}

function save(
  { cert, key }: PairFiles,
  content: { readonly certificate: string; readonly key: string },
  dataDir: string,
): void {
  const directory = dirname(cert);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  // What is left of another pair must be gone before a file of this one is there.
  for (const file of [cert, key]) rmSync(file, { force: true });
  syncDirectory(directory);
  replace(key, { content: content.key, mode: 0o600 });
  replace(cert, { content: content.certificate, mode: 0o644 });
  for (const path of [directory, dirname(directory), dataDir]) syncDirectory(path);
}

function replace(file: string, { content, mode }: { readonly content: string; readonly mode: number }): void {
  const temporary = `${file}.${process.pid}.new`;
  const descriptor = openSync(temporary, 'w', mode);
  try {
    writeFileSync(descriptor, content);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(temporary, file);
}

function syncDirectory(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
