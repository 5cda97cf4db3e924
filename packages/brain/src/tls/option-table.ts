/** The flags about TLS, under etcd's names. What they mean together is in `options.ts`. */
import type { OptionTable, OptionValues } from '@flotilla/base';

const path = { kind: 'string', placeholder: 'PATH' } as const;

/** What the flags call the versions of TLS, and Node. */
export const versions: Readonly<Record<string, 'TLSv1.2' | 'TLSv1.3'>> = { 'TLS1.2': 'TLSv1.2', 'TLS1.3': 'TLSv1.3' };

function versionProblem(value: string): string | undefined {
  return value === '' || Object.hasOwn(versions, value) ? undefined : `"${value}" is neither TLS1.2 nor TLS1.3`;
}

export const tlsOptionTable = {
  'cert-file': { ...path, help: 'Certificate of the client URLs, PEM, with its chain; read again when it changes' },
  'key-file': { ...path, help: 'Its key, PEM' },
  'trusted-ca-file': { ...path, help: 'CA of the certificates of clients, PEM; with it every client needs one' },
  'client-cert-auth': {
    kind: 'boolean',
    default: false,
    help: 'Clients need a certificate, and its common name is their user unless they show a token',
  },
  'client-cert-allowed-hostname': {
    kind: 'list',
    default: [],
    placeholder: 'NAME,…',
    help: "Names of which clients' certificates must have one",
  },
  'client-crl-file': { ...path, help: 'Certificates that the CA has revoked, PEM or DER; read again when it changes' },
  'auto-tls': {
    kind: 'boolean',
    default: false,
    help: 'The client URLs have a certificate that the member makes: it says nothing of who the member is',
  },
  'peer-cert-file': { ...path, help: 'Certificate of the peer URLs, PEM; shown to the other members too' },
  'peer-key-file': { ...path, help: 'Its key, PEM' },
  'peer-trusted-ca-file': { ...path, help: 'CA of the certificates of members, PEM' },
  'peer-client-cert-file': { ...path, help: 'Certificate to show to the other members instead' },
  'peer-client-key-file': { ...path, help: 'Its key, PEM' },
  'peer-client-cert-auth': {
    kind: 'boolean',
    default: false,
    help: 'Members need a certificate: always so with --peer-trusted-ca-file',
  },
  'peer-cert-allowed-cn': {
    kind: 'list',
    default: [],
    placeholder: 'NAME,…',
    help: "Common names of which members' certificates must have one",
  },
  'peer-cert-allowed-hostname': {
    kind: 'list',
    default: [],
    placeholder: 'NAME,…',
    help: "Names of which members' certificates must have one",
  },
  'peer-skip-client-san-verification': {
    kind: 'boolean',
    default: false,
    help: 'Members may connect from addresses that their certificates do not name',
  },
  'peer-crl-file': { ...path, help: "Members' certificates that the CA has revoked, PEM or DER" },
  'peer-auto-tls': {
    kind: 'boolean',
    default: false,
    help: 'The peer URLs have a certificate that the member makes, and whoever reaches them is taken for a member',
  },
  'self-signed-cert-validity': {
    kind: 'integer',
    default: 1,
    min: 0,
    max: 292,
    help: 'How long certificates that members make live, years',
  },
  'tls-min-version': { kind: 'string', default: 'TLS1.2', check: versionProblem, help: 'TLS1.2 or TLS1.3' },
  'tls-max-version': {
    kind: 'string',
    default: '',
    check: versionProblem,
    help: 'TLS1.2 or TLS1.3; the newest unless told',
  },
  'cipher-suites': {
    kind: 'list',
    default: [],
    placeholder: 'NAME,…',
    help: "Cipher suites of TLS 1.2, by IANA's names",
  },
} as const satisfies OptionTable;

export type TlsOptionValues = OptionValues<typeof tlsOptionTable>;
