/**
 * Certificates that their CA has taken back: the serial numbers of a revocation list, PEM or DER, as etcd reads one. Whether the
 * list has run out is not asked, as in etcd: an old list is better than none.
 */
import type { X509Certificate } from 'node:crypto';
import type { Logger } from '@flotilla/base';
import { RenewedFiles } from './renewed-files.ts';

export class RevocationList {
  readonly #files: RenewedFiles<ReadonlySet<bigint>>;

  constructor(files: RenewedFiles<ReadonlySet<bigint>>) {
    this.#files = files;
  }

  /** Why a certificate is not taken, if it or one that it was shown with is on the list. */
  problem(certificate: X509Certificate): string | undefined {
    const revoked = this.#files.current;
    for (let link: X509Certificate | undefined = certificate; link; link = issuerOf(link)) {
      if (revoked.has(serialOf(link.serialNumber)))
        return `the certificate with the serial number ${link.serialNumber} is revoked`;
    }
    return undefined;
  }
}

/**
 * Reads a list, and again whenever the file has changed.
 * @throws OperatingError `TLS_FILES` for a file that is missing or no list.
 */
export async function openRevocationList(file: string, logger: Logger): Promise<RevocationList> {
  // Loaded only where there is a list.
  await import('reflect-metadata');
  const { X509Crl } = await import('@peculiar/x509');
  const parse = ([bytes = Buffer.alloc(0)]: readonly Buffer[]): ReadonlySet<bigint> => {
    const isText = bytes.includes('-----BEGIN');
    const { entries } = new X509Crl(isText ? bytes.toString('latin1') : Uint8Array.from(bytes));
    return new Set(entries.map(({ serialNumber }) => serialOf(serialNumber)));
  };
  return new RevocationList(new RenewedFiles({ files: [file], parse, logger }));
}

/** A root names itself. */
function issuerOf(certificate: X509Certificate): X509Certificate | undefined {
  const { issuerCertificate } = certificate as { readonly issuerCertificate?: X509Certificate };
  return issuerCertificate?.fingerprint256 === certificate.fingerprint256 ? undefined : issuerCertificate;
}

/** Written with zeros before it, or not. */
function serialOf(hex: string): bigint {
  return BigInt(`0x${hex}`);
}
