/**
 * The certificates of a cluster: one CA, and what each component serves with or shows. They are made on the first start, used
 * again on the next, and renewed when they near their end, do not fit the config any more, or were not signed by the present CA.
 */
import { X509Certificate, createPrivateKey } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import {
  type CertificateRequest,
  type KeyPair,
  type Purpose,
  type Subject,
  makeCertificate,
} from '@flotilla/base/certificate';
import { replaceFile } from '../state/state-directory.ts';

/** A certificate and its key, as files. */
export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
}

export interface CertificateSpec {
  /** Its files are `<id>.crt` and `<id>.key`. */
  readonly id: string;
  readonly subject: Subject;
  readonly purpose: Purpose;
}

/** Where the certificates of a cluster are. */
export interface CertificateSet {
  /** The CA's certificate, as a file. */
  readonly authority: string;
  /** @throws Error when no such certificate was asked for. */
  files(id: string): CertificateFiles;
}

export interface ClusterCertificates extends CertificateSet {
  /** Ids of those that were made anew. */
  readonly made: readonly string[];
}

export interface ClusterCertificatesOptions {
  /** Exists already. */
  readonly directory: string;
  readonly clusterName: string;
  readonly specs: readonly CertificateSpec[];
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
}

const dayMs = 24 * 60 * 60 * 1000;
const authorityLifeMs = 3650 * dayMs;
const leafLifeMs = 365 * dayMs;
const renewBeforeMs = 30 * dayMs;
/** Clocks of other machines may be behind. */
const backdateMs = 60 * 60 * 1000;

export function certificatesIn(directory: string, specs: readonly CertificateSpec[]): CertificateSet {
  const known = new Set(specs.map(({ id }) => id));
  return {
    authority: filesIn(directory, 'ca').certificate,
    files(id) {
      if (!known.has(id)) throw new Error(`no certificate "${id}" was asked for`);
      return filesIn(directory, id);
    },
  };
}

function filesIn(directory: string, id: string): CertificateFiles {
  return { certificate: join(directory, `${id}.crt`), key: join(directory, `${id}.key`) };
}

export async function ensureClusterCertificates(options: ClusterCertificatesOptions): Promise<ClusterCertificates> {
  const { directory, clusterName, specs, nowMs } = options;
  const made: string[] = [];
  const filesOf = (id: string): CertificateFiles => filesIn(directory, id);
  const validity = (lifeMs: number): Pick<CertificateRequest, 'notBefore' | 'notAfter'> => ({
    notBefore: new Date(nowMs - backdateMs),
    notAfter: new Date(nowMs + lifeMs),
  });
  const save = (id: string, pair: KeyPair): KeyPair => {
    // A crash in between leaves a key that does not fit: seen on the next start, and both are made anew.
    replaceFile(filesOf(id).key, pair.key);
    replaceFile(filesOf(id).certificate, pair.certificate);
    made.push(id);
    return pair;
  };

  const authoritySpec: CertificateSpec = {
    id: 'ca',
    subject: { commonName: `flotilla-ca ${clusterName}` },
    purpose: { type: 'authority' },
  };
  // The CA must outlive whatever it signs now.
  const authority =
    usablePair(filesOf('ca'), authoritySpec, nowMs + leafLifeMs + renewBeforeMs) ??
    save('ca', await makeCertificate({ ...authoritySpec, ...validity(authorityLifeMs) }));

  for (const spec of specs) {
    if (usablePair(filesOf(spec.id), spec, nowMs + renewBeforeMs, authority)) continue;
    save(spec.id, await makeCertificate({ ...spec, ...validity(leafLifeMs) }, authority));
  }
  return { ...certificatesIn(directory, specs), made };
}

/** The pair on disk if it is whole, fits the spec, lasts beyond `untilMs` and was signed by `issuer`. */
function usablePair(
  files: CertificateFiles,
  spec: CertificateSpec,
  untilMs: number,
  issuer?: KeyPair,
): KeyPair | undefined {
  if (!existsSync(files.certificate) || !existsSync(files.key)) return undefined;
  const pair = { certificate: readFileSync(files.certificate, 'utf8'), key: readFileSync(files.key, 'utf8') };
  try {
    const certificate = new X509Certificate(pair.certificate);
    const signer = new X509Certificate((issuer ?? pair).certificate);
    const fits =
      certificate.checkPrivateKey(createPrivateKey(pair.key)) &&
      certificate.verify(signer.publicKey) &&
      Date.parse(certificate.validTo) > untilMs &&
      isFor(certificate, spec);
    return fits ? pair : undefined;
  } catch (error) {
    // Not a certificate or key at all: a damaged file is replaced like an old one.
    if (error instanceof Error && 'code' in error) return undefined;
    throw error;
  }
}

function isFor(certificate: X509Certificate, { subject, purpose }: CertificateSpec): boolean {
  const wanted = [
    ...(subject.organization === undefined ? [] : [`O=${subject.organization}`]),
    ...(subject.commonName === undefined ? [] : [`CN=${subject.commonName}`]),
  ];
  if (certificate.subject.split('\n').join() !== wanted.join()) return false;
  if (!('hosts' in purpose)) return true;
  return purpose.hosts.every(
    (host) => (isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host)) !== undefined,
  );
}
