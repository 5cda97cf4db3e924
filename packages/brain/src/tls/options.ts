/**
 * The flags about TLS, under etcd's names, and what they mean together. Nothing here touches a file: what the files hold is
 * found out when the member starts (`credentials.ts`).
 */
import type { OptionTable, OptionValues } from '@flotilla/base';
import { cipherList, cipherSuiteProblem } from './cipher-suites.ts';

const path = { kind: 'string', placeholder: 'PATH' } as const;

const versions: Readonly<Record<string, 'TLSv1.2' | 'TLSv1.3'>> = { 'TLS1.2': 'TLSv1.2', 'TLS1.3': 'TLSv1.3' };

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
  'auto-tls': { kind: 'boolean', default: false, help: 'Refused: flotilla certs makes certificates' },
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
  'peer-auto-tls': { kind: 'boolean', default: false, help: 'Refused: flotilla certs makes certificates' },
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

type TlsOptionValues = OptionValues<typeof tlsOptionTable>;

/** A certificate and its key, as files. */
export interface PairFiles {
  readonly cert: string;
  readonly key: string;
}

/** Which protocol is spoken; as Node's TLS takes it. */
export interface TlsProtocol {
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
  readonly maxVersion?: 'TLSv1.2' | 'TLSv1.3';
  readonly ciphers?: string;
}

/** Of which a certificate must have one; an empty list asks nothing. */
export interface AllowedNames {
  readonly commonNames: readonly string[];
  readonly hostnames: readonly string[];
}

/** How one kind of ports speaks TLS. */
export interface TlsSettings {
  readonly pair: PairFiles;
  /** With it, who connects needs a certificate. */
  readonly ca: string | undefined;
  /** A list of revoked certificates; it counts for those who connect. */
  readonly crl: string | undefined;
  readonly allowed: AllowedNames;
  readonly protocol: TlsProtocol;
}

export interface PeerTlsSettings extends TlsSettings {
  readonly ca: string;
  /** What is shown to the members that this one connects to. */
  readonly callerPair: PairFiles;
  /** Whether a member must come from an address that its certificate names. */
  readonly checksAddress: boolean;
}

/** Whether URLs ask for TLS: flags for ports that speak none are never looked at. */
interface Wanted {
  readonly clients: boolean;
  readonly peers: boolean;
}

/** What the flags say together. */
export interface MemberTlsSettings {
  /** Absent: clients speak clear text. */
  readonly clientTls: TlsSettings | undefined;
  /** Absent: members speak clear text. */
  readonly peerTls: PeerTlsSettings | undefined;
  /** Flags that were given for URLs of which none is https: they have no effect, as in etcd. */
  readonly idleTlsFlags: readonly string[];
}

/** Checks the flags; problems are added to the list. */
export function tlsSettings(values: TlsOptionValues, wanted: Wanted, problems: string[]): MemberTlsSettings {
  for (const flag of ['auto-tls', 'peer-auto-tls'] as const) {
    if (values[flag]) problems.push(`--${flag}: not supported; \`flotilla certs\` makes certificates for all members`);
  }
  const protocol = protocolOf(values, problems);
  return {
    clientTls: wanted.clients ? clientTlsOf(values, protocol, problems) : undefined,
    peerTls: wanted.peers ? peerTlsOf(values, protocol, problems) : undefined,
    idleTlsFlags: [
      ...(wanted.clients ? [] : givenOf(values, clientFlags)),
      ...(wanted.peers ? [] : givenOf(values, peerFlags)),
    ],
  };
}

const clientFlags = ['cert-file', 'key-file', 'trusted-ca-file', 'client-cert-auth', 'client-crl-file'] as const;
const peerFlags = [
  'peer-cert-file',
  'peer-key-file',
  'peer-trusted-ca-file',
  'peer-client-cert-auth',
  'peer-crl-file',
] as const;

function givenOf(values: TlsOptionValues, flags: readonly (keyof TlsOptionValues)[]): readonly string[] {
  return flags.filter((flag) => values[flag] !== undefined && values[flag] !== false);
}

function clientTlsOf(values: TlsOptionValues, protocol: TlsProtocol, problems: string[]): TlsSettings | undefined {
  const pair = pairOf(values, { cert: 'cert-file', key: 'key-file', urls: 'client URLs' }, problems);
  const ca = values['trusted-ca-file'];
  const hostnames = values['client-cert-allowed-hostname'];
  const crl = values['client-crl-file'];
  for (const [flag, isSet] of [
    ['client-cert-auth', values['client-cert-auth']],
    ['client-crl-file', crl !== undefined],
    ['client-cert-allowed-hostname', hostnames.length > 0],
  ] as const) {
    if (isSet && ca === undefined)
      problems.push(`--${flag} needs --trusted-ca-file: the CA of the certificates of clients`);
  }
  return pair && { pair, ca, crl, allowed: { commonNames: [], hostnames }, protocol };
}

function peerTlsOf(values: TlsOptionValues, protocol: TlsProtocol, problems: string[]): PeerTlsSettings | undefined {
  const pair = pairOf(values, { cert: 'peer-cert-file', key: 'peer-key-file', urls: 'peer URLs' }, problems);
  const ca = values['peer-trusted-ca-file'];
  if (ca === undefined) {
    problems.push(
      '--peer-trusted-ca-file is needed with https peer URLs: only who has a certificate of it is a member',
    );
  }
  const [commonNames, hostnames] = [values['peer-cert-allowed-cn'], values['peer-cert-allowed-hostname']];
  if (commonNames.length > 0 && hostnames.length > 0) {
    problems.push('--peer-cert-allowed-cn and --peer-cert-allowed-hostname exclude each other');
  }
  const callerFlags = { cert: 'peer-client-cert-file', key: 'peer-client-key-file', urls: 'calls to members' } as const;
  const hasCallerPair = values[callerFlags.cert] !== undefined || values[callerFlags.key] !== undefined;
  const callerPair = hasCallerPair ? pairOf(values, callerFlags, problems) : pair;
  if (!pair || !callerPair || ca === undefined) return undefined;
  const checksAddress = !values['peer-skip-client-san-verification'];
  const crl = values['peer-crl-file'];
  return { pair, callerPair, ca, crl, allowed: { commonNames, hostnames }, checksAddress, protocol };
}

type PathFlag = 'cert-file' | 'key-file' | `peer-${'cert' | 'key'}-file` | `peer-client-${'cert' | 'key'}-file`;

function pairOf(
  values: TlsOptionValues,
  flags: { readonly cert: PathFlag; readonly key: PathFlag; readonly urls: string },
  problems: string[],
): PairFiles | undefined {
  const [cert, key] = [values[flags.cert], values[flags.key]];
  if (cert !== undefined && key !== undefined) return { cert, key };
  const missing = [cert === undefined ? flags.cert : '', key === undefined ? flags.key : ''].filter(Boolean);
  problems.push(`${missing.map((flag) => `--${flag}`).join(' and ')} must be given for TLS on ${flags.urls}`);
  return undefined;
}

function protocolOf(values: TlsOptionValues, problems: string[]): TlsProtocol {
  const minVersion = versions[values['tls-min-version']] ?? 'TLSv1.2';
  const maxVersion = versions[values['tls-max-version']];
  const suites = values['cipher-suites'];
  if (maxVersion !== undefined && maxVersion < minVersion) {
    problems.push(
      `--tls-max-version (${values['tls-max-version']}) is below --tls-min-version (${values['tls-min-version']})`,
    );
  }
  if (minVersion === 'TLSv1.3' && suites.length > 0) {
    problems.push('--cipher-suites chooses suites of TLS 1.2, and --tls-min-version is TLS1.3');
  }
  for (const name of suites) {
    const problem = cipherSuiteProblem(name);
    if (problem !== undefined) problems.push(`--cipher-suites: ${problem}`);
  }
  return {
    minVersion,
    ...(maxVersion !== undefined && { maxVersion }),
    ...(suites.length > 0 && { ciphers: cipherList(suites) }),
  };
}
