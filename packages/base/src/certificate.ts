/** Makes one certificate with its key: ECDSA, X.509 v3. The library is loaded only when one has to be made. */
import { KeyObject, createPrivateKey, randomBytes, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';

/** PEM. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

export interface Subject {
  readonly commonName?: string;
  /** Groups, to an API server. */
  readonly organization?: string;
}

/** What a certificate is for. */
export type Purpose =
  | { readonly type: 'authority' }
  | { readonly type: 'client' }
  /** Names and addresses under which the server is reached. */
  | { readonly type: 'server'; readonly hosts: readonly string[] }
  /** A server that comes to its like as a client with the same certificate. */
  | { readonly type: 'peer'; readonly hosts: readonly string[] }
  /** A server that no CA vouches for: whoever is to trust it is given the certificate itself, which is a CA for their sake. */
  | { readonly type: 'self-signed-server'; readonly hosts: readonly string[] };

export interface CertificateRequest {
  readonly subject: Subject;
  readonly purpose: Purpose;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** Of its key; P-256 unless told. */
  readonly curve?: Curve;
}

type Curve = keyof typeof algorithms;

const algorithms = {
  'P-256': { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  'P-521': { name: 'ECDSA', namedCurve: 'P-521', hash: 'SHA-512' },
} as const;

/** @param issuer has a key on P-256; absent: the certificate signs itself. */
export async function makeCertificate(request: CertificateRequest, issuer?: KeyPair): Promise<KeyPair> {
  await import('reflect-metadata');
  const x509 = await import('@peculiar/x509');
  const { subject, purpose, notBefore, notAfter, curve = 'P-256' } = request;
  const keys = await webcrypto.subtle.generateKey(algorithms[curve], true, ['sign', 'verify']);
  const issuerCertificate = issuer && new x509.X509Certificate(issuer.certificate);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: nameOf(subject),
    issuer: issuerCertificate?.subjectName ?? nameOf(subject),
    notBefore,
    notAfter,
    publicKey: keys.publicKey,
    signingKey: issuer ? await importKey(issuer.key) : keys.privateKey,
    signingAlgorithm: algorithms[issuer ? 'P-256' : curve],
    extensions: [
      ...extensionsFor(x509, purpose),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(issuerCertificate?.publicKey ?? keys.publicKey),
    ],
  });
  return {
    certificate: `${certificate.toString('pem')}\n`,
    key: KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

function nameOf({ commonName, organization }: Subject): { [type: string]: string[] }[] {
  return [
    ...(organization === undefined ? [] : [{ O: [organization] }]),
    ...(commonName === undefined ? [] : [{ CN: [commonName] }]),
  ];
}

function extensionsFor(x509: typeof import('@peculiar/x509'), purpose: Purpose): import('@peculiar/x509').Extension[] {
  const { KeyUsageFlags, ExtendedKeyUsage } = x509;
  switch (purpose.type) {
    case 'authority':
      return [
        new x509.BasicConstraintsExtension(true, undefined, true),
        new x509.KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      ];
    case 'client':
      return [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth]),
      ];
    case 'server':
    case 'peer':
      return [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([
          ExtendedKeyUsage.serverAuth,
          ...(purpose.type === 'peer' ? [ExtendedKeyUsage.clientAuth] : []),
        ]),
        hostNames(x509, purpose.hosts),
      ];
    case 'self-signed-server':
      return [
        new x509.BasicConstraintsExtension(true, undefined, true),
        new x509.KeyUsagesExtension(
          KeyUsageFlags.digitalSignature | KeyUsageFlags.keyEncipherment | KeyUsageFlags.cRLSign,
          true,
        ),
        new x509.ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
        ...(purpose.hosts.length === 0 ? [] : [hostNames(x509, purpose.hosts)]),
      ];
  }
}

function hostNames(
  { SubjectAlternativeNameExtension }: typeof import('@peculiar/x509'),
  hosts: readonly string[],
): import('@peculiar/x509').Extension {
  return new SubjectAlternativeNameExtension(
    hosts.map((host) => ({ type: isIP(host) === 0 ? 'dns' : 'ip', value: host })),
  );
}

function importKey(pem: string): Promise<webcrypto.CryptoKey> {
  const der = createPrivateKey(pem).export({ type: 'pkcs8', format: 'der' });
  return webcrypto.subtle.importKey('pkcs8', der, algorithms['P-256'], false, ['sign']);
}

/** Positive and unique, as RFC 5280 wants it. */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString('hex');
}
