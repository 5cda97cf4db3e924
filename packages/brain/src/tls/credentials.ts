/** A certificate, its key and the CA that others are verified against: from files, and from their renewed content later. */
import { X509Certificate, constants, createPrivateKey } from 'node:crypto';
import { type SecureContext, createSecureContext } from 'node:tls';
import type { Logger } from '@flotilla/base';
import type { PairFiles, TlsProtocol } from './options.ts';
import { RenewedFiles } from './renewed-files.ts';

/** What a handshake needs; another object after each renewal. */
export interface Credentials {
  readonly context: SecureContext;
  /** The same, to make a context of. */
  readonly material: Material;
}

interface Material extends TlsProtocol {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca?: Buffer;
  readonly secureOptions: number;
}

export interface CredentialFiles {
  readonly pair: PairFiles;
  readonly ca: string | undefined;
  readonly protocol: TlsProtocol;
}

export interface CredentialSource {
  readonly current: Credentials;
}

/** @throws OperatingError `TLS_FILES` for files that are missing, or do not fit each other. */
export function openCredentials({ pair, ca, protocol }: CredentialFiles, logger: Logger): CredentialSource {
  return new RenewedFiles({
    files: [pair.cert, pair.key, ...(ca === undefined ? [] : [ca])],
    logger,
    parse([cert, key, caBytes]) {
      if (!cert || !key) throw new Error('no files');
      // Half of a renewed pair is no pair.
      if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) {
        throw new Error(`the key in ${pair.key} is not that of the certificate in ${pair.cert}`);
      }
      if (caBytes) checkCertificates(caBytes);
      const material: Material = {
        ...protocol,
        cert,
        key,
        ...(caBytes && { ca: caBytes }),
        // A resumed session would bring the verdict on an old certificate along.
        secureOptions: constants.SSL_OP_NO_TICKET,
      };
      return { material, context: createSecureContext(material) };
    },
  });
}

/** @throws when a file is no list of certificates, PEM: OpenSSL would take what it can read of it. */
function checkCertificates(pem: Buffer): void {
  const blocks = pem.toString('latin1').match(/-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) throw new Error('no certificate in the file of the CA');
  for (const block of blocks) new X509Certificate(block);
}
