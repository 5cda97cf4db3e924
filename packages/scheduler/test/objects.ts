/** Small objects for tests: as much of a node or pod as scheduling reads. */
import type { Node, Pod, PodSpec, Taint } from '@flotilla/api';

export interface NodeDraft {
  readonly cpu?: string;
  readonly memory?: string;
  readonly pods?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly taints?: readonly Taint[];
  readonly unschedulable?: boolean;
}

export function node(name: string, draft: NodeDraft = {}): Node {
  const { cpu = '4', memory = '8Gi', pods = '110', labels = {}, taints = [], unschedulable = false } = draft;
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { 'kubernetes.io/hostname': name, ...labels } },
    spec: { taints: [...taints], unschedulable },
    status: { allocatable: { cpu, memory, pods } },
  };
}

export interface PodDraft extends Partial<Omit<PodSpec, 'containers'>> {
  readonly cpu?: string;
  readonly memory?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly namespace?: string;
}

export function pod(name: string, draft: PodDraft = {}): Pod {
  const { cpu, memory, labels = {}, namespace = 'default', ...spec } = draft;
  const requests = { ...(cpu !== undefined && { cpu }), ...(memory !== undefined && { memory }) };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels, uid: `uid-${name}` },
    spec: {
      schedulerName: 'default-scheduler',
      containers: [{ name: 'main', image: 'node', resources: { requests } }],
      ...spec,
    },
  };
}
