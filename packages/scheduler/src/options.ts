/** The flags of `flotilla scheduler`. */
import type { OptionTable } from '@flotilla/base';

export const schedulerOptionTable = {
  kubeconfig: {
    kind: 'string',
    placeholder: 'FILE',
    help: 'the API server to work for and the credential to show it',
  },
  identity: {
    kind: 'string',
    placeholder: 'NAME',
    help: "name in elections; the host's name and the process id unless told",
  },
  'leader-elect-lease-duration': {
    kind: 'integer',
    placeholder: 'SECONDS',
    default: 15,
    min: 2,
    help: 'how long after the death of a leader another may lead',
  },
} as const satisfies OptionTable;
