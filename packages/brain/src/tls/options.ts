/**
 * What the flags about TLS mean together. Nothing here touches a file: what the files hold is
 * found out when the member starts (`credentials.ts`).
 */
import { join } from 'node:path';
import { cipherList, cipherSuiteProblem } from './cipher-suites.ts';
import { type TlsOptionValues, versions } from './option-table.ts';

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

/** What a member makes a certificate of for itself. */
export interface SelfSigned {
  /** That it listens on. */
  readonly hosts: readonly string[];
  readonly validityYears: number;
  /** Above the pair's own directory. */
  readonly dataDir: string;
}

/** How one kind of ports speaks TLS. */
export interface TlsSettings {
  readonly pair: PairFiles;
  /** The pair is made when it is not there; absent: it was given. */
  readonly selfSigned: SelfSigned | undefined;
  /** With it, who connects needs a certificate. */
  readonly ca: string | undefined;
  /** A list of revoked certificates; it counts for those who connect. */
  readonly crl: string | undefined;
  readonly allowed: AllowedNames;
  readonly protocol: TlsProtocol;
}

/** Without a CA the members sign their own certificates, and nobody is verified on either side. */
export interface PeerTlsSettings extends TlsSettings {
  /** What is shown to the members that this one connects to. */
  readonly callerPair: PairFiles;
  /** Whether a member must come from an address that its certificate names. */
  readonly checksAddress: boolean;
}

/** What other flags say about TLS. */
export interface TlsSurroundings {
  /** Whether URLs ask for TLS: flags for ports that speak none are never looked at. */
  readonly wanted: { readonly clients: boolean; readonly peers: boolean };
  /** That are listened on. */
  readonly hosts: { readonly clients: readonly string[]; readonly peers: readonly string[] };
  readonly dataDir: string;
}

/** What the flags say together. */
export interface MemberTlsSettings {
  /** Absent: clients speak clear text. */
  readonly clientTls: TlsSettings | undefined;
  /** Absent: members speak clear text. */
  readonly peerTls: PeerTlsSettings | undefined;
  /** Flags that were given for URLs of which none is https: they have no effect, as in etcd. */
  readonly idleTlsFlags: readonly string[];
  /** Whose certificates were to be made by the member, but were given. */
  readonly idleAutoTls: readonly ('client' | 'peer')[];
}

/** Checks the flags; problems are added to the list. */
export function tlsSettings(values: TlsOptionValues, given: TlsSurroundings, problems: string[]): MemberTlsSettings {
  const { wanted } = given;
  const surroundings = { ...given, protocol: protocolOf(values, problems) };
  return {
    clientTls: wanted.clients ? clientTlsOf(values, surroundings, problems) : undefined,
    peerTls: wanted.peers ? peerTlsOf(values, surroundings, problems) : undefined,
    idleAutoTls: [
      ...(values['auto-tls'] && !isAuto(values, 'client') ? ['client' as const] : []),
      ...(values['peer-auto-tls'] && !isAuto(values, 'peer') ? ['peer' as const] : []),
    ],
    idleTlsFlags: [
      ...(wanted.clients ? [] : givenOf(values, clientFlags)),
      ...(wanted.peers ? [] : givenOf(values, peerFlags)),
    ],
  };
}

interface Surroundings extends TlsSurroundings {
  readonly protocol: TlsProtocol;
}

const clientFlags = [
  'cert-file',
  'key-file',
  'trusted-ca-file',
  'client-cert-auth',
  'client-crl-file',
  'auto-tls',
] as const;
const peerFlags = [
  'peer-cert-file',
  'peer-key-file',
  'peer-trusted-ca-file',
  'peer-client-cert-auth',
  'peer-crl-file',
  'peer-auto-tls',
] as const;

/** They say which members are taken, and what is shown to them. */
const flagsOfTrust = [
  'peer-trusted-ca-file',
  'peer-client-cert-auth',
  'peer-client-cert-file',
  'peer-client-key-file',
  'peer-cert-allowed-cn',
  'peer-cert-allowed-hostname',
  'peer-crl-file',
] as const;

function givenOf(values: TlsOptionValues, flags: readonly (keyof TlsOptionValues)[]): readonly string[] {
  const isGiven = (value: TlsOptionValues[keyof TlsOptionValues]): boolean =>
    Array.isArray(value) ? value.length > 0 : value !== undefined && value !== false;
  return flags.filter((flag) => isGiven(values[flag]));
}

/** Whether the member makes the certificates of these ports: a part of a pair that is given counts for more. */
function isAuto(values: TlsOptionValues, whose: 'client' | 'peer'): boolean {
  if (whose === 'client') return values['auto-tls'] && givenOf(values, ['cert-file', 'key-file']).length === 0;
  return values['peer-auto-tls'] && givenOf(values, ['peer-cert-file', 'peer-key-file']).length === 0;
}

interface Made {
  readonly pair: PairFiles;
  readonly selfSigned: SelfSigned;
}

/** Of a pair that the member makes. */
function madePair(
  values: TlsOptionValues,
  {
    whose,
    hosts,
    dataDir,
  }: { readonly whose: 'client' | 'peer'; readonly hosts: readonly string[]; readonly dataDir: string },
  problems: string[],
): Made {
  const validityYears = values['self-signed-cert-validity'];
  if (validityYears === 0)
    problems.push('--self-signed-cert-validity must be greater than 0 for certificates to be made');
  const directory = join(dataDir, 'fixtures', whose);
  return {
    pair: { cert: join(directory, 'cert.pem'), key: join(directory, 'key.pem') },
    selfSigned: { hosts, validityYears, dataDir },
  };
}

function clientTlsOf(
  values: TlsOptionValues,
  { protocol, hosts, dataDir }: Surroundings,
  problems: string[],
): TlsSettings | undefined {
  const made = isAuto(values, 'client')
    ? madePair(values, { whose: 'client', hosts: hosts.clients, dataDir }, problems)
    : undefined;
  const pair = made?.pair ?? pairOf(values, { cert: 'cert-file', key: 'key-file', urls: 'client URLs' }, problems);
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
  return pair && { pair, selfSigned: made?.selfSigned, ca, crl, allowed: { commonNames: [], hostnames }, protocol };
}

function peerTlsOf(
  values: TlsOptionValues,
  { protocol, hosts, dataDir }: Surroundings,
  problems: string[],
): PeerTlsSettings | undefined {
  if (isAuto(values, 'peer')) {
    const trust = givenOf(values, flagsOfTrust);
    if (trust.length > 0) {
      const flags = trust.map((flag) => `--${flag}`).join(', ');
      problems.push(
        `--peer-auto-tls verifies no certificate of a member, and ${flags} would have no effect: leave one out`,
      );
    }
    const made = madePair(values, { whose: 'peer', hosts: hosts.peers, dataDir }, problems);
    const nobody = { ca: undefined, crl: undefined, allowed: { commonNames: [], hostnames: [] }, checksAddress: false };
    return { ...made, callerPair: made.pair, ...nobody, protocol };
  }
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
  const selfSigned = undefined;
  return { pair, selfSigned, callerPair, ca, crl, allowed: { commonNames, hostnames }, checksAddress, protocol };
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
