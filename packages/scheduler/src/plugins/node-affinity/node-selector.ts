/** Node selectors: terms are alternatives, and a term's expressions must all hold. A term without any selects nothing. */
import {
  type LabelRequirements,
  type Node,
  type NodeSelector,
  type NodeSelectorTerm,
  type PodSpec,
  matchesLabels,
  requirementOf,
  requirementsOfMap,
} from '@flotilla/api';

/** One term, compiled. */
interface Term {
  readonly labels: LabelRequirements;
  /** On `metadata.name`, the only field there is. */
  readonly fields: LabelRequirements;
}

export type NodeMatcher = (node: Node) => boolean;

export function termMatcher(term: NodeSelectorTerm): NodeMatcher {
  const { labels, fields } = compile(term);
  if (labels.length + fields.length === 0) return () => false;
  return ({ metadata }) =>
    matchesLabels(labels, metadata.labels) && matchesLabels(fields, { 'metadata.name': metadata.name ?? '' });
}

function compile({ matchExpressions = [], matchFields = [] }: NodeSelectorTerm): Term {
  return { labels: matchExpressions.map(requirementOf), fields: matchFields.map(requirementOf) };
}

/** `nodeSelector` and required node affinity together; undefined when the pod has neither. */
export function requiredNodeMatcher(spec: PodSpec | undefined): NodeMatcher | undefined {
  const required = requiredSelector(spec);
  const plain = requirementsOfMap(spec?.nodeSelector);
  if (!required && plain.length === 0) return undefined;
  const terms = required?.nodeSelectorTerms.map(termMatcher);
  return (node) =>
    matchesLabels(plain, node.metadata.labels) && (terms === undefined || terms.some((matches) => matches(node)));
}

function requiredSelector(spec: PodSpec | undefined): NodeSelector | undefined {
  return spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
}

/** The only nodes that can match, when every alternative names its nodes: a daemon's pods are placed without a scan. */
export function namedNodes(spec: PodSpec | undefined): ReadonlySet<string> | undefined {
  const terms = requiredSelector(spec)?.nodeSelectorTerms;
  if (!terms) return undefined;
  const names = new Set<string>();
  for (const { matchFields = [] } of terms) {
    const byName = matchFields.find(({ key, operator }) => key === 'metadata.name' && operator === 'In');
    if (!byName) return undefined;
    for (const name of byName.values ?? []) names.add(name);
  }
  return names;
}
