/** Whether a certificate that a trusted CA signed is also one of those that may come in. */
import type { PeerCertificate } from 'node:tls';
import { X509Certificate } from 'node:crypto';
import dns from 'node:dns/promises';
import { isIP } from 'node:net';
import { codeOf } from '@flotilla/base';
import type { AllowedNames } from './options.ts';

/** What is wrong with a certificate's names; undefined for one that is allowed. */
export function nameProblem(
  certificate: X509Certificate,
  { commonNames, hostnames }: AllowedNames,
): string | undefined {
  if (commonNames.length > 0 && !commonNames.includes(commonNameOf(certificate))) {
    return `the certificate's common name is none of ${commonNames.join(', ')}`;
  }
  if (hostnames.length > 0 && !hostnames.some((name) => isFor(certificate, name))) {
    return `the certificate is for none of ${hostnames.join(', ')}`;
  }
  return undefined;
}

/** The same for what a client is shown of a server's certificate. */
export function serverNameProblem({ raw }: PeerCertificate, allowed: AllowedNames): string | undefined {
  return nameProblem(new X509Certificate(raw), allowed);
}

function commonNameOf({ subject }: X509Certificate): string {
  return /^CN=(.*)$/m.exec(subject)?.[1] ?? '';
}

function isFor(certificate: X509Certificate, name: string): boolean {
  return (isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name)) !== undefined;
}

/**
 * What is wrong with where a certificate comes from: one that names addresses or hosts may be used from there alone, as etcd
 * asks of its members. A name counts when it resolves to the address, or the address to it.
 */
export async function addressProblem(certificate: X509Certificate, from: string): Promise<string | undefined> {
  // What listens for both versions of IP sees the older one inside of the newer.
  const address = from.replace(/^::ffff:(?=\d+\.)/i, '');
  const { addresses, names } = alternativeNamesOf(certificate);
  if (addresses.length === 0 && names.length === 0) return undefined;
  if (isFor(certificate, address)) return undefined;
  if (names.length > 0 && (await hostNames(address)).some((name) => isFor(certificate, name))) return undefined;
  for (const name of names) if ((await addressesOf(name)).includes(address)) return undefined;
  return `the certificate is for ${[...addresses, ...names].join(', ')}, but came from ${address}`;
}

interface AlternativeNames {
  readonly addresses: readonly string[];
  readonly names: readonly string[];
}

function alternativeNamesOf({ subjectAltName = '' }: X509Certificate): AlternativeNames {
  const of = (kind: string): readonly string[] =>
    subjectAltName
      .split(', ')
      .filter((entry) => entry.startsWith(kind))
      .map((entry) => entry.slice(kind.length));
  return { addresses: of('IP Address:'), names: of('DNS:') };
}

async function hostNames(address: string): Promise<readonly string[]> {
  return orNone(dns.reverse(address));
}

async function addressesOf(name: string): Promise<readonly string[]> {
  if (name.startsWith('*.')) return [];
  const found = await orNone(dns.lookup(name, { all: true }));
  return found.map(({ address }) => address);
}

/** A resolver that does not know is no reason to let anybody in. */
async function orNone<T>(asked: Promise<readonly T[]>): Promise<readonly T[]> {
  try {
    return await asked;
  } catch (error) {
    if (codeOf(error) !== undefined) return [];
    throw error;
  }
}
