/** SchedulingGates: a pod with gates waits outside the queue until somebody removes the last one. */
import type { Plugin } from '../../framework/plugin.ts';

export const schedulingGates: Plugin = {
  name: 'SchedulingGates',
  preEnqueue({ spec }) {
    const gates = (spec?.schedulingGates ?? []).map(({ name }) => name);
    if (gates.length === 0) return undefined;
    return { reason: `waiting for scheduling gates: [${gates.join(' ')}]`, resolvable: false };
  },
};
