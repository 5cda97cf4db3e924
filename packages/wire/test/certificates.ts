/** Throw-away certificates of throw-away CAs, PEM. */
// The certificate library expects it to be there first.
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';

export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

export interface CertificateRequest {
  readonly commonName?: string;
  readonly organization?: string;
  /** Names and addresses that it is for; 127.0.0.1 unless told. */
  readonly hosts?: readonly string[];
  /** When it ends, milliseconds from now; a day unless told. */
  readonly lifeMs?: number;
}

export interface Authority {
  readonly ca: string;
  issue(request: CertificateRequest): Promise<KeyPair>;
  /** A list that takes back those certificates, PEM. */
  revoke(certificates: readonly string[]): Promise<string>;
}

/** A certificate and its key as files. */
export interface PairFiles {
  readonly cert: string;
  readonly key: string;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

export async function createAuthority(commonName = 'test authority'): Promise<Authority> {
  const keys = await makeKeys();
  const issuer = `CN=${commonName}`;
  const validity = (lifeMs: number) => ({
    notBefore: new Date(Date.now() - 3_600_000),
    notAfter: new Date(Date.now() + lifeMs),
    signingAlgorithm: algorithm,
  });
  const extensions = [new x509.BasicConstraintsExtension(true, undefined, true)];
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    name: issuer,
    keys,
    extensions,
    ...validity(86_400_000),
  });
  return {
    ca: root.toString('pem'),
    async issue({ commonName = '', organization, hosts = ['127.0.0.1'], lifeMs = 86_400_000 }) {
      const own = await makeKeys();
      const names = hosts.map((value) => ({ type: isIP(value) === 0 ? ('dns' as const) : ('ip' as const), value }));
      const certificate = await x509.X509CertificateGenerator.create({
        subject: [
          ...(commonName === '' ? [] : [{ CN: [commonName] }]),
          ...(organization === undefined ? [] : [{ O: [organization] }]),
        ],
        issuer,
        publicKey: own.publicKey,
        signingKey: keys.privateKey,
        extensions: names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)],
        ...validity(lifeMs),
      });
      const der = await webcrypto.subtle.exportKey('pkcs8', own.privateKey);
      return { cert: certificate.toString('pem'), key: x509.PemConverter.encode(der, 'PRIVATE KEY') };
    },
    async revoke(certificates) {
      const list = await x509.X509CrlGenerator.create({
        issuer,
        thisUpdate: new Date(),
        nextUpdate: new Date(Date.now() + 86_400_000),
        signingAlgorithm: algorithm,
        signingKey: keys.privateKey,
        entries: certificates.map((pem) => ({
          serialNumber: new x509.X509Certificate(pem).serialNumber,
          revocationDate: new Date(),
        })),
      });
      // As Go and OpenSSL name it.
      return x509.PemConverter.encode(list.rawData, 'X509 CRL');
    },
  };
}

/** Writes a pair as `<name>.crt` and `<name>.key`. */
export async function writePair(directory: string, name: string, pair: KeyPair): Promise<PairFiles> {
  const files = { cert: join(directory, `${name}.crt`), key: join(directory, `${name}.key`) };
  await writeFile(files.key, pair.key, { mode: 0o600 });
  await writeFile(files.cert, pair.cert);
  return files;
}

async function makeKeys(): Promise<webcrypto.CryptoKeyPair> {
  return (await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
}
