/** The identity in a client's certificate. */
import type { TLSSocket } from 'node:tls';
import type { ClientCertificate } from './service.ts';

export type { ClientCertificate };

/** The names in the subject of a peer certificate, as Node reports it; undefined when there is none. */
export function clientCertificateOf(
  certificate: ReturnType<TLSSocket['getPeerCertificate']>,
): ClientCertificate | undefined {
  // Node answers an empty object when the client sent no certificate.
  const subject: Readonly<Record<string, string | string[] | undefined>> | undefined = certificate.subject as
    Record<string, string | string[] | undefined> | undefined;
  if (!subject) return undefined;
  const list = (value: string | string[] | undefined): readonly string[] =>
    value === undefined ? [] : Array.isArray(value) ? value : [value];
  return { commonName: list(subject['CN'])[0] ?? '', organizations: list(subject['O']) };
}
