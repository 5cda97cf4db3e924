/**
 * What a file under cluster-configs/ says: the components of a cluster, where they listen, and the few times that people
 * want to choose. README.md documents each field; this file is its truth.
 */
import { type Path, type Schema, boolean, integer, list, oneOf, optional, record, text } from './schema.ts';

export interface BrainMemberConfig {
  readonly name: string;
  readonly clientPort: number;
  readonly peerPort: number;
}

export interface ListenerConfig {
  readonly name: string;
  readonly port: number;
}

export interface ClusterConfig {
  /** State is kept under `.flotilla/<name>/`. */
  readonly name: string;
  /** `separate`: a process a component; `one`: all in one process, still over their sockets. */
  readonly processes: 'separate' | 'one';
  /** Whether a process that ends is started again; `never` lets one watch a cluster that loses a machine. */
  readonly restart: 'always' | 'never';
  /** `auto`: every port left out or 0 is drawn when the cluster is first started, and kept. */
  readonly ports: 'fixed' | 'auto';
  /** The one address of the kubeconfig, which forwards to API servers that live. */
  readonly frontDoor: { readonly port: number };
  readonly brain: {
    readonly heartbeatIntervalMs: number;
    readonly electionTimeoutMs: number;
    /** Members speak TLS, with each other and with clients, and take only those who show a certificate. */
    readonly tls: boolean;
    readonly members: readonly BrainMemberConfig[];
  };
  readonly apiServers: readonly ListenerConfig[];
  readonly schedulers: number;
  readonly controllers: number;
  /** A kubelet with its proxy is a node. */
  readonly kubelets: readonly ListenerConfig[];
  /** How long a dead leading scheduler or controller manager stays the leader, at most. */
  readonly electionTtlSeconds: number;
  readonly nodes: {
    /** A node whose heartbeat is older is taken for dead. */
    readonly monitorGraceSeconds: number;
    /** How long pods wait for a dead node to come back before they move. */
    readonly podEvictionSeconds: number;
  };
  readonly network: {
    /** Addresses of pods; each node has a /24 of it. */
    readonly podRange: string;
    /** Addresses of services. */
    readonly serviceRange: string;
  };
}

/** 0 stands for "to be drawn". */
const port = optional(integer({ min: 0, max: 65_535 }), 0);
const name = text(/^[a-z0-9]([a-z0-9-]{0,40}[a-z0-9])?$/, 'a name of lower case letters, digits and dashes');
const range = text(/^127\.\d{1,3}\.\d{1,3}\.\d{1,3}\/\d{1,2}$/, 'a range of loopback addresses such as 127.10.0.0/16');
const seconds = integer({ min: 1, max: 3600 });

/** The shape alone; `checkMeaning` holds what concerns several fields. @param fallbackName when the file names none. */
export function clusterConfigSchema(fallbackName: string): Schema<ClusterConfig> {
  return record<ClusterConfig>({
    name: optional(name, fallbackName),
    processes: optional(oneOf(['separate', 'one']), 'separate'),
    restart: optional(oneOf(['always', 'never']), 'always'),
    ports: optional(oneOf(['fixed', 'auto']), 'fixed'),
    frontDoor: optional(record({ port }), { port: 0 }),
    brain: record({
      heartbeatIntervalMs: optional(integer({ min: 10, max: 10_000 }), 100),
      electionTimeoutMs: optional(integer({ min: 50, max: 50_000 }), 1000),
      tls: optional(boolean, false),
      members: list(record({ name, clientPort: port, peerPort: port }), { min: 1, max: 7 }),
    }),
    apiServers: list(record({ name, port }), { min: 1, max: 16 }),
    schedulers: optional(integer({ min: 0, max: 16 }), 1),
    controllers: optional(integer({ min: 0, max: 16 }), 1),
    kubelets: list(record({ name, port }), { min: 0, max: 200 }),
    electionTtlSeconds: optional(seconds, 5),
    nodes: optional(
      record({
        monitorGraceSeconds: optional(seconds, 10),
        podEvictionSeconds: optional(integer({ min: 0, max: 86_400 }), 0),
      }),
      { monitorGraceSeconds: 10, podEvictionSeconds: 0 },
    ),
    network: record({ podRange: range, serviceRange: range }),
  });
}

export interface PortUse {
  readonly path: Path;
  /** Whose it is, for people. */
  readonly owner: string;
  readonly port: number;
}

/** Every port of a cluster, with its place in the config. */
export function portUses(config: ClusterConfig): readonly PortUse[] {
  return [
    { path: ['frontDoor', 'port'], owner: 'the front door', port: config.frontDoor.port },
    ...config.brain.members.flatMap(({ name, clientPort, peerPort }, i) => [
      { path: ['brain', 'members', i, 'clientPort'], owner: `${name}'s clients`, port: clientPort },
      { path: ['brain', 'members', i, 'peerPort'], owner: `${name}'s peers`, port: peerPort },
    ]),
    ...config.apiServers.map(({ name, port }, i) => ({ path: ['apiServers', i, 'port'], owner: name, port })),
    ...config.kubelets.map(({ name, port }, i) => ({ path: ['kubelets', i, 'port'], owner: name, port })),
  ];
}
