/** A throw-away CA with a server and a client, PEM. */
// The certificate library expects it to be there first.
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

export interface Certificates {
  readonly ca: string;
  readonly server: KeyPair;
  /** Common name `ann`, organization `system:masters`. */
  readonly client: KeyPair;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

export async function testCertificates(): Promise<Certificates> {
  const keys = await makeKeys();
  const issuer = 'CN=test authority';
  const validity = { notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + 86_400_000) };
  const signing = { ...validity, signingAlgorithm: algorithm };
  const extensions = [new x509.BasicConstraintsExtension(true, undefined, true)];
  const root = await x509.X509CertificateGenerator.createSelfSigned({ name: issuer, keys, extensions, ...signing });
  const issue = async (subject: string): Promise<KeyPair> => {
    const own = await makeKeys();
    const certificate = await x509.X509CertificateGenerator.create({
      subject,
      issuer,
      publicKey: own.publicKey,
      signingKey: keys.privateKey,
      extensions: [new x509.SubjectAlternativeNameExtension([{ type: 'ip', value: '127.0.0.1' }])],
      ...signing,
    });
    const der = await webcrypto.subtle.exportKey('pkcs8', own.privateKey);
    return { cert: certificate.toString('pem'), key: x509.PemConverter.encode(der, 'PRIVATE KEY') };
  };
  return {
    ca: root.toString('pem'),
    server: await issue('CN=server'),
    client: await issue('CN=ann, O=system:masters'),
  };
}

async function makeKeys(): Promise<webcrypto.CryptoKeyPair> {
  return (await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
}
