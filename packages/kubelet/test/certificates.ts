/** A throw-away CA with a server certificate and two clients, made once a test process. */
// The certificate library expects it to be there first.
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

/** PEM. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

export interface Certificates {
  /** PEM. */
  readonly ca: string;
  readonly server: KeyPair;
  /** The API server's. */
  readonly client: KeyPair;
  /** Of the same CA, with another name. */
  readonly stranger: KeyPair;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
let made: Promise<Certificates> | undefined;

export function testCertificates(): Promise<Certificates> {
  made ??= makeCertificates();
  return made;
}

async function makeCertificates(): Promise<Certificates> {
  const keys = await makeKeys();
  const issuer = 'CN=test authority';
  const validity = { notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + 86_400_000) };
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    name: issuer,
    keys,
    ...validity,
    signingAlgorithm: algorithm,
    extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
  });
  const issue = async (commonName: string): Promise<KeyPair> => {
    const own = await makeKeys();
    const certificate = await x509.X509CertificateGenerator.create({
      subject: `CN=${commonName}`,
      issuer,
      publicKey: own.publicKey,
      signingKey: keys.privateKey,
      ...validity,
      signingAlgorithm: algorithm,
      extensions: [new x509.SubjectAlternativeNameExtension([{ type: 'ip', value: '127.0.0.1' }])],
    });
    return { cert: certificate.toString('pem'), key: await keyPem(own) };
  };
  return {
    ca: root.toString('pem'),
    server: await issue('node-1'),
    client: await issue('kube-apiserver-kubelet-client'),
    stranger: await issue('somebody'),
  };
}

async function makeKeys(): Promise<webcrypto.CryptoKeyPair> {
  return (await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
}

async function keyPem({ privateKey }: webcrypto.CryptoKeyPair): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', privateKey));
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN PRIVATE KEY-----\n${lines.join('\n')}\n-----END PRIVATE KEY-----\n`;
}
