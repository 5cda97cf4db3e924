/** PrioritySort: higher `spec.priority` first; among equals, who waits longer. */
import type { Plugin } from '../../framework/plugin.ts';

export const prioritySort: Plugin = {
  name: 'PrioritySort',
  queueSort: (a, b) => (b.pod.spec?.priority ?? 0) - (a.pod.spec?.priority ?? 0) || a.queuedMs - b.queuedMs,
};
