/**
 * The certificates that a store of one's own needs for TLS, made into one directory: a CA, two pairs a member (for clients, and
 * for the other members), one pair a client. The CA is used again when it is there, so that members and clients can be added,
 * and pairs renewed, later.
 */
import { X509Certificate, createPrivateKey } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { OperatingError, messageOf } from '@flotilla/base';
import { type KeyPair, type Purpose, makeCertificate } from '@flotilla/base/certificate';
import { replaceFile } from '../state/state-directory.ts';
import type { CertificateFiles } from './cluster-certificates.ts';

/** A member, and the names and addresses under which it is reached. */
export interface MemberHosts {
  readonly name: string;
  readonly hosts: readonly string[];
}

export interface StoreCertificatesOptions {
  readonly directory: string;
  readonly members: readonly MemberHosts[];
  /** Common names: with `--client-cert-auth` they are users. */
  readonly clients: readonly string[];
  /** How long certificates live; the CA lives ten times as long. */
  readonly days: number;
  /** Makes pairs anew that are there. The CA always stays. */
  readonly overwrite: boolean;
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
}

export interface StoreCertificates {
  readonly authority: CertificateFiles;
  readonly authorityIsNew: boolean;
  readonly members: readonly {
    readonly name: string;
    readonly server: CertificateFiles;
    readonly peer: CertificateFiles;
  }[];
  readonly clients: readonly ({ readonly name: string } & CertificateFiles)[];
}

/**
 * The common name in all certificates that members show to each other: the same CA signs clients, and they are told apart by it
 * (`--peer-cert-allowed-cn`). One name for all, so that a member can be added without a change to the others.
 */
export const peerName = 'flotilla-member';

const dayMs = 24 * 60 * 60 * 1000;
/** Clocks of other machines may be behind. */
const backdateMs = 60 * 60 * 1000;

interface Planned {
  readonly files: CertificateFiles;
  readonly commonName: string;
  readonly purpose: Purpose;
}

/**
 * @throws OperatingError `CERTS_EXIST` for pairs that are there, `CA_UNUSABLE` for a CA that can't sign; then nothing was written.
 */
export async function makeStoreCertificates(options: StoreCertificatesOptions): Promise<StoreCertificates> {
  const { directory, overwrite, days, nowMs } = options;
  const members = options.members.map(({ name, hosts }) => ({
    name,
    server: plan(directory, `${name}-server`, name, { type: 'server', hosts }),
    peer: plan(directory, `${name}-peer`, peerName, { type: 'peer', hosts }),
  }));
  const clients = options.clients.map((name) => ({
    name,
    pair: plan(directory, `${name}-client`, name, { type: 'client' }),
  }));
  const planned = [...members.flatMap(({ server, peer }) => [server, peer]), ...clients.map(({ pair }) => pair)];
  if (!overwrite) refuseExisting(planned);
  const validity = (lifeDays: number): { readonly notBefore: Date; readonly notAfter: Date } => ({
    notBefore: new Date(nowMs - backdateMs),
    notAfter: new Date(nowMs + lifeDays * dayMs),
  });
  const authorityFiles = filesOf(directory, 'ca');
  const present = readAuthority(authorityFiles, nowMs + days * dayMs);
  const authority =
    present ??
    (await makeCertificate({
      subject: { commonName: 'flotilla store CA' },
      purpose: { type: 'authority' },
      ...validity(10 * days),
    }));
  const made = await Promise.all(
    planned.map(async ({ files, commonName, purpose }) => ({
      files,
      pair: await makeCertificate({ subject: { commonName }, purpose, ...validity(days) }, authority),
    })),
  );
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  if (!present) save(authorityFiles, authority);
  for (const { files, pair } of made) save(files, pair);
  return {
    authority: authorityFiles,
    authorityIsNew: !present,
    members: members.map(({ name, server, peer }) => ({ name, server: server.files, peer: peer.files })),
    clients: clients.map(({ name, pair }) => ({ name, ...pair.files })),
  };
}

/** Whether a directory has a CA already. */
export function hasAuthority(directory: string): boolean {
  return existsSync(filesOf(directory, 'ca').certificate);
}

function plan(directory: string, id: string, commonName: string, purpose: Purpose): Planned {
  return { files: filesOf(directory, id), commonName, purpose };
}

function filesOf(directory: string, id: string): CertificateFiles {
  return { certificate: join(directory, `${id}.crt`), key: join(directory, `${id}.key`) };
}

function refuseExisting(planned: readonly Planned[]): void {
  const there = planned.flatMap(({ files }) => [files.certificate, files.key]).filter((file) => existsSync(file));
  if (there.length === 0) return;
  throw new OperatingError(
    'CERTS_EXIST',
    `these are there already: ${there.join(', ')}. --force makes them anew (the CA stays), --dir chooses another directory`,
  );
}

/** The CA that is there; undefined when none is. It must outlive what it signs. */
function readAuthority(files: CertificateFiles, untilMs: number): KeyPair | undefined {
  const [hasCertificate, hasKey] = [existsSync(files.certificate), existsSync(files.key)];
  if (!hasCertificate && !hasKey) return undefined;
  const wayOut = 'move it away to begin with a new CA, which all members and clients must then be told';
  const unusable = (why: string): OperatingError =>
    new OperatingError('CA_UNUSABLE', `${files.certificate} ${why}: ${wayOut}`);
  if (!hasCertificate || !hasKey) throw unusable(`and ${files.key} belong together, and one of them is missing`);
  const pair = { certificate: readFileSync(files.certificate, 'utf8'), key: readFileSync(files.key, 'utf8') };
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(pair.certificate);
    if (!certificate.checkPrivateKey(createPrivateKey(pair.key))) throw new Error(`is not for the key in ${files.key}`);
  } catch (error) {
    throw unusable(`can't be used (${messageOf(error)})`);
  }
  if (Date.parse(certificate.validTo) < untilMs)
    throw unusable(`ends on ${certificate.validTo}, before what it would sign`);
  return pair;
}

/** A pair that is half replaced is no pair: members that read it meanwhile go on with the one they have. */
function save({ certificate, key }: CertificateFiles, pair: KeyPair): void {
  replaceFile(key, pair.key);
  replaceFile(certificate, pair.certificate, 0o644);
}
