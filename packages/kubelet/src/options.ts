/** The kubelet's options as flags, with Kubernetes' own names where it has them. */
import type { OptionTable } from '@flotilla/base';

export const kubeletOptions = {
  'hostname-override': { kind: 'string', help: 'Name of the node; the host name unless given', placeholder: 'NAME' },
  kubeconfig: { kind: 'string', help: 'File with the API server and the credential', placeholder: 'FILE' },
  'root-dir': {
    kind: 'string',
    default: '/var/lib/flotilla/kubelet',
    help: 'Directory of everything the kubelet keeps',
  },
  address: { kind: 'string', default: '127.0.0.1', help: 'Address the HTTPS server listens on' },
  port: { kind: 'integer', default: 10250, min: 0, max: 65_535, help: 'Port of the HTTPS server; 0 for any' },
  'node-ip': { kind: 'string', default: '127.0.0.1', help: 'Address of the node, and of pods in its network' },
  'pod-cidr': { kind: 'string', help: 'Range of the addresses of pods, such as 127.20.1.0/24', placeholder: 'CIDR' },
  'tls-cert-file': { kind: 'string', help: 'Certificate of the HTTPS server', placeholder: 'FILE' },
  'tls-private-key-file': { kind: 'string', help: 'Key of the HTTPS server', placeholder: 'FILE' },
  'client-ca-file': { kind: 'string', help: 'CA of the certificates that clients must have', placeholder: 'FILE' },
  'client-names': {
    kind: 'list',
    default: ['kube-apiserver-kubelet-client'],
    help: 'Common names of client certificates that may call',
  },
  'node-labels': { kind: 'list', default: [], help: 'Labels of the node, key=value' },
  'max-pods': { kind: 'integer', default: 110, min: 1, help: 'Most pods that the node takes' },
  'node-lease-duration-seconds': { kind: 'integer', default: 40, min: 1, help: 'Validity of the heartbeat' },
  'stop-pods-on-exit': {
    kind: 'boolean',
    default: false,
    help: 'End all pods when the kubelet ends; else the next kubelet adopts them',
  },
  'cluster-id': { kind: 'string', help: 'Refuses a root directory that belongs to another cluster', placeholder: 'ID' },
} as const satisfies OptionTable;
