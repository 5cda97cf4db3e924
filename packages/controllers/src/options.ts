/** The options of `flotilla controllers`: flags, environment, help and defaults in one table. */
import { type OptionTable, logLevels } from '@flotilla/base';

export const defaults = {
  leaseTtlSeconds: 15,
  nodeMonitorGraceSeconds: 40,
  podEvictionSeconds: 300,
  terminatedPodThreshold: 12_500,
} as const;

/** Refuses what is none of the words. */
function oneOf(words: readonly string[]): (value: string) => string | undefined {
  return (value) => (words.includes(value) ? undefined : `"${value}" is none of ${words.join(', ')}`);
}

export const controllersOptions = {
  kubeconfig: { kind: 'string', help: 'names the API server and holds the credential', placeholder: 'FILE' },
  transport: {
    kind: 'string',
    help: 'grpc, or rest for API servers without flotilla.v1',
    default: 'grpc',
    check: oneOf(['grpc', 'rest']),
  },
  identity: {
    kind: 'string',
    help: 'name in the leader election; host and process id unless told',
    placeholder: 'NAME',
  },
  'leader-elect-ttl-seconds': {
    kind: 'integer',
    help: 'how long after the death of the leader another may lead',
    default: defaults.leaseTtlSeconds,
    min: 1,
  },
  'node-monitor-grace-seconds': {
    kind: 'integer',
    help: 'how long a node may miss its heartbeats',
    default: defaults.nodeMonitorGraceSeconds,
    min: 1,
  },
  'pod-eviction-seconds': {
    kind: 'integer',
    help: 'how long pods stay on a node that is unreachable or not ready',
    default: defaults.podEvictionSeconds,
    min: 0,
  },
  'terminated-pod-gc-threshold': {
    kind: 'integer',
    help: 'how many finished pods are kept',
    default: defaults.terminatedPodThreshold,
    min: 0,
  },
  'log-level': { kind: 'string', help: logLevels.join(', '), default: 'info', check: oneOf(logLevels) },
} as const satisfies OptionTable;
