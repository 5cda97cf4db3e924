/** The proxy's options as flags, with Kubernetes' own names where it has them. */
import type { OptionTable } from '@flotilla/base';

export const proxyOptions = {
  'hostname-override': { kind: 'string', help: 'Name of the node; the host name unless given', placeholder: 'NAME' },
  kubeconfig: { kind: 'string', help: 'File with the API server and the credential', placeholder: 'FILE' },
  'nodeport-addresses': { kind: 'list', default: ['127.0.0.1'], help: 'Addresses that node ports are served on' },
} as const satisfies OptionTable;
