/** The columns of pods, and those in which other kinds show the containers of their template. */
import { ageColumn, joined, nameColumn, none, text, wide } from '../columns.ts';
import type { Column } from '../kind.ts';
import type { KubeObject } from '../object.ts';
import { labelSelectorText, requirementsOf } from '../selector/label-selector.ts';
import type { LabelSelector } from '../meta/label-selector-model.ts';
import type { Pod } from '../kinds/core/pod.ts';
import type { PodTemplateSpec } from './pod-spec.ts';
import { podSummary, restartsText } from './pod-summary.ts';

/** How many of the pod's readiness gates are open. */
function gatesText({ spec, status }: Pod): string {
  const gates = spec.readinessGates ?? [];
  if (gates.length === 0) return none;
  const open = new Set(status?.conditions?.flatMap((condition) => (condition.status === 'True' ? condition.type : [])));
  return `${gates.filter(({ conditionType }) => open.has(conditionType)).length}/${gates.length}`;
}

export const podColumns: readonly Column<Pod>[] = [
  nameColumn,
  text({ name: 'Ready', description: 'Containers that are ready, of all.' }, (pod) => {
    const { ready, total } = podSummary(pod);
    return `${ready}/${total}`;
  }),
  text({ name: 'Status', description: 'The phase, or what tells more.' }, (pod) => podSummary(pod).status),
  text({ name: 'Restarts', description: 'How often containers were restarted, and when last.' }, (pod, { nowMs }) =>
    restartsText(podSummary(pod), nowMs),
  ),
  ageColumn,
  wide(
    text(
      { name: 'IP', description: 'Address of the pod.' },
      ({ status }) => status?.podIPs?.[0]?.ip ?? (status?.podIP || none),
    ),
  ),
  wide(text({ name: 'Node', description: 'Node on which the pod runs.' }, ({ spec }) => spec.nodeName || none)),
  wide(
    text(
      { name: 'Nominated Node', description: 'Node on which room is being made for the pod.' },
      ({ status }) => status?.nominatedNodeName || none,
    ),
  ),
  wide(text({ name: 'Readiness Gates', description: 'Readiness gates that are open, of all.' }, gatesText)),
];

export function selectorText(selector: LabelSelector | undefined): string {
  const formatted = labelSelectorText(requirementsOf(selector ?? {}));
  return formatted === '' ? none : formatted;
}

type WithTemplate = KubeObject & {
  readonly spec: { readonly template: PodTemplateSpec; readonly selector: LabelSelector };
};

/** Containers, Images and Selector, as workloads show them with `-o wide`. */
export function templateColumns<T extends WithTemplate>(): readonly Column<T>[] {
  return [
    wide(
      text({ name: 'Containers', description: 'Names of the containers of the template.' }, ({ spec }) =>
        joined(spec.template.spec.containers.map(({ name }) => name)),
      ),
    ),
    wide(
      text({ name: 'Images', description: 'Images of the containers of the template.' }, ({ spec }) =>
        joined(spec.template.spec.containers.map(({ image = '' }) => image)),
      ),
    ),
    wide(
      text({ name: 'Selector', description: 'Which pods count as its own.' }, ({ spec }) =>
        selectorText(spec.selector),
      ),
    ),
  ];
}
