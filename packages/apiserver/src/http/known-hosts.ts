/**
 * Which `Host` a request may name: those of the serving certificate. A client that verifies the certificate has used one
 * of them; a web page that reaches us under another name (DNS rebinding) has not.
 */
import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';

export interface KnownHosts {
  has(hostHeader: string | undefined): boolean;
}

export function knownHosts(certificatePem: string | Uint8Array): KnownHosts {
  const certificate = new X509Certificate(certificatePem);
  return {
    has(hostHeader) {
      const host = hostOf(hostHeader ?? '');
      const name = isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host);
      return name !== undefined;
    },
  };
}

/** Without port and brackets. */
function hostOf(header: string): string {
  const bracketed = /^\[([^\]]+)\](?::\d+)?$/.exec(header)?.[1];
  return bracketed ?? header.replace(/:\d+$/, '');
}
