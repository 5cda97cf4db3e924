/** Certificates for a test: an authority, a server's, and as many clients' as it likes. */
// The certificate library expects it to be there first.
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

export interface Identity {
  /** PEM. */
  readonly cert: string;
  readonly key: string;
}

export interface Authority {
  /** PEM. */
  readonly ca: string;
  server(hosts: readonly { type: 'dns' | 'ip'; value: string }[]): Promise<Identity>;
  client(commonName: string, organizations?: readonly string[]): Promise<Identity>;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

async function keyPair(): Promise<webcrypto.CryptoKeyPair> {
  return (await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
}

async function keyPem(keys: webcrypto.CryptoKeyPair): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN PRIVATE KEY-----\n${lines.join('\n')}\n-----END PRIVATE KEY-----\n`;
}

export async function createAuthority(): Promise<Authority> {
  const keys = await keyPair();
  const name = 'CN=test authority';
  const validity = { notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + 86_400_000) };
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    name,
    keys,
    ...validity,
    signingAlgorithm: algorithm,
    extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
  });
  let serial = 1;
  const issue = async (subject: string, extensions: x509.Extension[]): Promise<Identity> => {
    const own = await keyPair();
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: (++serial).toString(16).padStart(4, '0'),
      subject,
      issuer: name,
      publicKey: own.publicKey,
      signingKey: keys.privateKey,
      ...validity,
      signingAlgorithm: algorithm,
      extensions,
    });
    return { cert: certificate.toString('pem'), key: await keyPem(own) };
  };
  return {
    ca: root.toString('pem'),
    server: (hosts) => issue('CN=server', [new x509.SubjectAlternativeNameExtension([...hosts])]),
    client: (commonName, organizations = []) =>
      issue([`CN=${commonName}`, ...organizations.map((o) => `O=${o}`)].join(', '), []),
  };
}
