/**
 * The options of a member: etcd's own flags and `ETCD_*` variables, with etcd's defaults. The table gives flags, environment
 * and help; `brainSettings` checks what one flag can't say about another, and reports all problems at once.
 */
import { OperatingError, type OptionTable, type OptionValues, logLevels, parseOptions } from '@flotilla/base';
import { type RpcServerKind, rpcServerKinds } from '@flotilla/wire';
import { type TokenSettings, parseTokenOptions } from './auth/token-options.ts';
import { type Membership, membershipOf, parseInitialCluster } from './cluster/membership.ts';
import type { AutoCompactionRule } from './driver/auto-compaction.ts';
import {
  addressOf,
  clientUrlProblem,
  hostOf,
  isLoopback,
  listenAddressOf,
  socketOf,
  urlProblem,
} from './cluster/urls.ts';
import { type CorruptionSettings, corruptionOptionTable, corruptionSettings } from './corruption/check-options.ts';
import { durationMs, durationProblem } from './duration.ts';
import { type FeatureGates, parseGates } from './feature-gates.ts';
import { idleFlags, idleOptionTable } from './idle-options.ts';
import { tlsOptionTable } from './tls/option-table.ts';
import { type MemberTlsSettings, type TlsSurroundings, tlsSettings } from './tls/options.ts';

function oneOf(...values: readonly string[]): (value: string) => string | undefined {
  return (value) => (values.includes(value) ? undefined : `"${value}" is none of ${values.join(', ')}`);
}

export const brainOptionTable = {
  name: { kind: 'string', default: 'default', help: 'Human-readable name of this member' },
  'data-dir': { kind: 'string', help: 'Path of the data directory; NAME.etcd unless told', placeholder: 'PATH' },
  'listen-client-urls': {
    kind: 'list',
    default: ['http://localhost:2379'],
    help: 'URLs to listen on for clients; unix://PATH and unixs://PATH are sockets on this machine',
    placeholder: 'URL,…',
  },
  'listen-client-http-urls': {
    kind: 'list',
    default: [],
    help: 'URLs to listen on for what clients ask over HTTP/1.1; the other client URLs serve only gRPC then',
    placeholder: 'URL,…',
  },
  'advertise-client-urls': {
    kind: 'list',
    default: ['http://localhost:2379'],
    help: 'URLs of this member that clients are told',
    placeholder: 'URL,…',
  },
  'listen-peer-urls': {
    kind: 'list',
    default: ['http://localhost:2380'],
    help: 'URLs to listen on for the other members',
    placeholder: 'URL,…',
  },
  'initial-advertise-peer-urls': {
    kind: 'list',
    default: ['http://localhost:2380'],
    help: 'URLs of this member that the other members are told',
    placeholder: 'URL,…',
  },
  'listen-metrics-urls': {
    kind: 'list',
    default: [],
    help: 'More URLs to serve metrics and health on',
    placeholder: 'URL,…',
  },
  'initial-cluster': {
    kind: 'string',
    help: 'All members as NAME=URL,…; this one alone unless told',
    placeholder: 'NAME=URL,…',
  },
  'initial-cluster-state': {
    kind: 'string',
    default: 'new',
    check: oneOf('new', 'existing'),
    help: 'Whether the cluster is new or existing',
  },
  'initial-cluster-token': { kind: 'string', default: 'etcd-cluster', help: 'Token that sets clusters apart' },
  'heartbeat-interval': { kind: 'integer', default: 100, min: 1, help: 'Time between heartbeats, milliseconds' },
  'election-timeout': {
    kind: 'integer',
    default: 1000,
    min: 5,
    max: 50_000,
    help: 'Time without a leader before an election, milliseconds',
  },
  'snapshot-count': {
    kind: 'integer',
    default: 10_000,
    min: 1,
    help: 'Applied entries between truncations of the log',
  },
  'snapshot-catchup-entries': {
    kind: 'integer',
    default: 5000,
    min: 1,
    help: 'Entries that the log keeps for slow members',
  },
  'quota-backend-bytes': {
    kind: 'integer',
    default: 2 * 1024 ** 3,
    help: 'Bytes of state from which writes that need room are refused; 0 is 2 GiB, negative is no limit',
  },
  'max-request-bytes': { kind: 'integer', default: 1.5 * 1024 ** 2, min: 1, help: 'Largest request, bytes' },
  'max-txn-ops': { kind: 'integer', default: 128, min: 1, help: 'Most operations of one transaction' },
  'watch-progress-notify-interval': {
    kind: 'string',
    default: '10m0s',
    check: durationProblem,
    help: 'Time between progress answers of an idle watch, at least 100ms',
  },
  'auto-compaction-mode': {
    kind: 'string',
    default: 'periodic',
    check: oneOf('periodic', 'revision'),
    help: 'How retention is counted',
  },
  'auto-compaction-retention': {
    kind: 'string',
    default: '0',
    help: 'Retention of automatic compaction: hours, a duration like 30m, or revisions; 0 turns it off',
  },
  'force-new-cluster': {
    kind: 'boolean',
    default: false,
    help: 'Go on alone, with the data of this member of a cluster that is dead for good; its other members are removed',
  },
  'unsafe-no-fsync': {
    kind: 'boolean',
    default: false,
    help: 'Sync nothing to disk: a machine that stops may lose acknowledged writes, and the cluster its consistency',
  },
  'max-learners': { kind: 'integer', default: 1, min: 0, help: 'Most learners that the cluster may have' },
  'strict-reconfig-check': { kind: 'boolean', default: true, help: 'Refuse membership changes that would lose quorum' },
  ...corruptionOptionTable,
  'pre-vote': { kind: 'boolean', default: true, help: 'Ask before an election' },
  'grpc-server': {
    kind: 'string',
    default: 'flotilla',
    check: oneOf(...rpcServerKinds),
    help: `What serves gRPC: ${rpcServerKinds.join(' or ')}`,
  },
  'auth-token': {
    kind: 'string',
    default: 'simple',
    check(value) {
      const parsed = parseTokenOptions(value, durationMs);
      return typeof parsed === 'string' ? parsed : undefined;
    },
    help: 'Kind of tokens: simple, or jwt,sign-method=METHOD,pub-key=PATH,priv-key=PATH,ttl=DURATION',
  },
  'auth-token-ttl': { kind: 'integer', default: 300, min: 1, help: 'Time that a simple token lives unused, seconds' },
  'bcrypt-cost': {
    kind: 'integer',
    default: 10,
    min: 4,
    max: 31,
    help: 'Cost of hashing a password: the binary logarithm of the rounds',
  },
  metrics: {
    kind: 'string',
    default: 'basic',
    check: oneOf('basic', 'extensive'),
    help: 'How much is measured: basic, or extensive, which times every call',
  },
  'log-level': {
    kind: 'string',
    default: 'info',
    check: oneOf(...logLevels),
    help: `Least level of log lines: ${logLevels.join(', ')}`,
  },
  'host-whitelist': {
    kind: 'list',
    default: ['*'],
    placeholder: 'HOST,…',
    help: 'Hosts that requests in clear text HTTP may name; * is any',
  },
  cors: {
    kind: 'list',
    default: ['*'],
    placeholder: 'ORIGIN,…',
    help: 'Origins whose pages may read HTTP answers; * is any',
  },
  ...tlsOptionTable,
  ...idleOptionTable,
} as const satisfies OptionTable;

export type BrainOptionValues = OptionValues<typeof brainOptionTable>;

/** A member's configuration, checked. */
export interface BrainSettings extends MemberTlsSettings {
  readonly name: string;
  readonly dataDir: string;
  /** As the flags say; a member that joins, or that has a data directory, learns more before it starts (`settleMembership`). */
  readonly membership: Membership;
  readonly initialClusterState: 'new' | 'existing';
  /** The member makes itself the only one. */
  readonly forceNewCluster: boolean;
  /** Nothing is synced to disk. */
  readonly unsafeNoFsync: boolean;
  readonly maxLearners: number;
  /** Changes of the membership that would endanger the quorum are refused. */
  readonly strictReconfigCheck: boolean;
  readonly listenClientUrls: readonly string[];
  /** If there are any, HTTP/1.1 for clients is served there alone, and nothing else is. */
  readonly listenClientHttpUrls: readonly string[];
  readonly advertiseClientUrls: readonly string[];
  readonly listenPeerUrls: readonly string[];
  readonly listenMetricsUrls: readonly string[];
  readonly heartbeatMs: number;
  readonly electionTicks: number;
  readonly snapshotCount: number;
  readonly catchUpEntries: number;
  readonly quotaBytes: number;
  readonly maxRequestBytes: number;
  readonly maxTxnOps: number;
  readonly watchProgressIntervalMs: number;
  readonly preVote: boolean;
  /** Absent: nothing is compacted unless somebody asks. */
  readonly autoCompaction: AutoCompactionRule | undefined;
  readonly grpcServer: RpcServerKind;
  readonly corruption: CorruptionSettings;
  readonly featureGates: FeatureGates;
  /** Flags of etcd that were given and change nothing here. */
  readonly idleFlags: readonly string[];
  /** Calls are timed too. */
  readonly extensiveMetrics: boolean;
  readonly authToken: TokenSettings;
  readonly authTokenTtlMs: number;
  readonly bcryptCost: number;
  /** The common name of a client's certificate is its user. */
  readonly clientCertAuth: boolean;
  /** Hosts that requests in clear text may name, `*` for any. */
  readonly hostAllowList: readonly string[];
  /** Origins whose pages may read answers, `*` for any. */
  readonly corsOrigins: readonly string[];
}

/**
 * The settings that a command line and an environment give.
 * @throws OperatingError code `INVALID_OPTIONS`, listing every problem.
 */
export function parseBrainSettings(input: {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
}): BrainSettings {
  return brainSettings(parseOptions(brainOptionTable, { ...input, envPrefix: 'ETCD_' }));
}

/**
 * The settings that parsed values give; names left out take their defaults.
 * @throws OperatingError code `INVALID_OPTIONS`, listing every problem.
 */
export function brainSettings(given: Partial<BrainOptionValues>): BrainSettings {
  const values: BrainOptionValues = { ...parseOptions(brainOptionTable, { argv: [], env: {} }), ...given };
  const problems: string[] = [];
  checkUrls(values, problems);
  const dataDir = values['data-dir'] ?? `${values.name}.etcd`;
  const tls = tlsSettings(values, { ...tlsOfUrls(values), dataDir }, problems);
  checkTiming(values, problems);
  const peerUrls = values['initial-advertise-peer-urls'];
  const initialCluster = parseInitialCluster(
    values['initial-cluster'] ?? peerUrls.map((url) => `${values.name}=${url}`).join(','),
    problems,
  );
  const autoCompaction = autoCompactionOf(values, problems);
  const named = initialCluster.get(values.name);
  if (problems.length === 0 && named && [...named].sort().join() !== [...peerUrls].sort().join()) {
    const want = `--initial-cluster has ${values.name}=${named.join()}`;
    problems.push(`${want}, but --initial-advertise-peer-urls is ${peerUrls.join()}: they must be the same`);
  }
  const authToken = parseTokenOptions(values['auth-token'], durationMs);
  if (typeof authToken === 'string') problems.push(`--auth-token: ${authToken}`);
  if (problems.length > 0 || typeof authToken === 'string') {
    throw new OperatingError('INVALID_OPTIONS', problems.join('\n'));
  }
  const heartbeatMs = values['heartbeat-interval'];
  return {
    name: values.name,
    dataDir,
    membership: membershipOf({ name: values.name, initialCluster, token: values['initial-cluster-token'] }),
    initialClusterState: values['initial-cluster-state'] === 'existing' ? 'existing' : 'new',
    forceNewCluster: values['force-new-cluster'],
    unsafeNoFsync: values['unsafe-no-fsync'],
    maxLearners: values['max-learners'],
    strictReconfigCheck: values['strict-reconfig-check'],
    listenClientUrls: values['listen-client-urls'],
    listenClientHttpUrls: values['listen-client-http-urls'],
    advertiseClientUrls: values['advertise-client-urls'],
    listenPeerUrls: values['listen-peer-urls'],
    listenMetricsUrls: values['listen-metrics-urls'],
    heartbeatMs,
    electionTicks: Math.floor(values['election-timeout'] / heartbeatMs),
    snapshotCount: values['snapshot-count'],
    catchUpEntries: values['snapshot-catchup-entries'],
    quotaBytes: quotaOf(values['quota-backend-bytes']),
    maxRequestBytes: values['max-request-bytes'],
    maxTxnOps: values['max-txn-ops'],
    watchProgressIntervalMs: Math.max(100, durationMs(values['watch-progress-notify-interval']) ?? 0),
    preVote: values['pre-vote'],
    idleFlags: idleFlags(values),
    autoCompaction,
    grpcServer: rpcServerKinds.find((kind) => kind === values['grpc-server']) ?? 'flotilla',
    corruption: corruptionSettings(values),
    featureGates: featureGatesOf(values),
    extensiveMetrics: values.metrics === 'extensive',
    authToken,
    authTokenTtlMs: values['auth-token-ttl'] * 1000,
    bcryptCost: values['bcrypt-cost'],
    clientCertAuth: values['client-cert-auth'],
    ...tls,
    hostAllowList: orAny(values['host-whitelist']),
    corsOrigins: orAny(values.cors),
  };
}

function quotaOf(bytes: number): number {
  if (bytes < 0) return Number.MAX_SAFE_INTEGER;
  return bytes === 0 ? brainOptionTable['quota-backend-bytes'].default : bytes;
}

function featureGatesOf(values: BrainOptionValues): FeatureGates {
  const gates = parseGates(values['feature-gates']);
  return typeof gates === 'string' ? { on: new Set(), idle: [] } : gates;
}

/** In periodic mode a plain number counts hours, as in etcd. */
function autoCompactionOf(values: BrainOptionValues, problems: string[]): AutoCompactionRule | undefined {
  const { 'auto-compaction-mode': mode, 'auto-compaction-retention': text } = values;
  const count = /^\d{1,15}$/.test(text) ? Number(text) : undefined;
  if (mode === 'revision') {
    if (count === undefined) problems.push(`--auto-compaction-retention: "${text}" is not a number of revisions`);
    return count === undefined || count === 0 ? undefined : { mode, retention: count };
  }
  const periodMs = count === undefined ? durationMs(text) : count * 3_600_000;
  if (periodMs === undefined) {
    problems.push(`--auto-compaction-retention: "${text}" is neither hours nor a duration like 30m`);
  }
  return periodMs === undefined || periodMs === 0 ? undefined : { mode: 'periodic', periodMs };
}

function checkUrls(values: BrainOptionValues, problems: string[]): void {
  const optional = ['listen-client-http-urls', 'listen-metrics-urls'] as const;
  const listen = ['listen-client-urls', 'listen-peer-urls', ...optional] as const;
  for (const flag of [...listen, 'advertise-client-urls', 'initial-advertise-peer-urls'] as const) {
    const isOptional = optional.some((name) => name === flag);
    if (values[flag].length === 0 && !isOptional) problems.push(`--${flag}: at least one URL is needed`);
    for (const url of values[flag]) {
      const problem = flag.includes('peer') ? urlProblem(url) : clientUrlProblem(url);
      if (problem !== undefined) problems.push(`--${flag}: ${problem}`);
    }
  }
  if (problems.length > 0) return;
  for (const flag of listen) {
    for (const url of values[flag]) {
      const problem = openProblem(url);
      if (problem !== undefined) problems.push(`--${flag}: ${problem}`);
    }
  }
  for (const url of values['listen-client-http-urls'].filter((http) => isAmong(values['listen-client-urls'], http))) {
    problems.push(`--listen-client-http-urls: ${url} is where --listen-client-urls listens: give it another port`);
  }
}

/** Whether a URL leads to the same address as one of the others; port 0 is another one each time. */
function isAmong(urls: readonly string[], url: string): boolean {
  const socket = socketOf(url);
  if (socket) return urls.some((other) => socketOf(other)?.path === socket.path);
  const { host, port } = listenAddressOf(url);
  const others = urls.filter((other) => !socketOf(other)).map(listenAddressOf);
  return port !== 0 && others.some((other) => other.host === host && other.port === port);
}

/** Whoever reaches a member in clear text can do everything. */
function openProblem(url: string): string | undefined {
  // Who may open the file of a socket is on this machine.
  if (socketOf(url)) return undefined;
  const { host, tls } = addressOf(url);
  if (tls || isLoopback(host)) return undefined;
  return `${host} is not a loopback address, and a member in clear text listens on loopback only: use 127.0.0.1, or https`;
}

/** Members and clients speak TLS where a URL of theirs says so. */
function tlsOfUrls(values: BrainOptionValues): Pick<TlsSurroundings, 'wanted' | 'hosts'> {
  const isSecure = (url: string): boolean => /^(https|unixs):/i.test(url);
  const inCluster = (values['initial-cluster'] ?? '').split(',').map((pair) => pair.slice(pair.indexOf('=') + 1));
  const clientUrls = [...values['listen-client-urls'], ...values['listen-client-http-urls']];
  return {
    wanted: {
      clients: [...clientUrls, ...values['listen-metrics-urls']].some(isSecure),
      peers: [...values['listen-peer-urls'], ...inCluster].some(isSecure),
    },
    hosts: { clients: hostsOf(clientUrls), peers: hostsOf(values['listen-peer-urls']) },
  };
}

/** Each one once; what is no URL is told elsewhere. */
function hostsOf(urls: readonly string[]): readonly string[] {
  const good = urls.filter((url) => clientUrlProblem(url) === undefined);
  return [...new Set(good.map(hostOf).filter((host) => host !== undefined))];
}

/** As in etcd, an empty list is no restriction. */
function orAny(list: readonly string[]): readonly string[] {
  return list.length === 0 ? ['*'] : list;
}

function checkTiming(values: BrainOptionValues, problems: string[]): void {
  const { 'heartbeat-interval': heartbeat, 'election-timeout': election } = values;
  if (5 * heartbeat > election) {
    problems.push(`--election-timeout (${election}) must be at least five times --heartbeat-interval (${heartbeat})`);
  }
}
