/** A cluster's view as text: whole, for a terminal, and as the lines that say what changed, for anything else. */
import type { RunningProcess } from '../state/running-file.ts';
import { textTable } from '../kube/text-table.ts';
import type { ClusterView } from './observe.ts';

export interface RenderOptions {
  readonly processes: readonly RunningProcess[];
  /** Most lines of pods; the rest is counted. */
  readonly maxPods: number;
}

export function renderView(view: ClusterView, { processes, maxPods }: RenderOptions): string {
  const sections = [
    textTable([
      ['MEMBER', 'STATE', 'TERM', 'REVISION'],
      ...view.members.map(({ endpoint, status, term, revision }) => [endpoint, status, String(term), String(revision)]),
    ]),
    processes.length === 0 ? '' : textTable([['PROCESS', 'STATE', 'PID', 'RESTARTS'], ...processes.map(processRow)]),
    view.apiAnswers ? leaderSection(view) : 'no API server answers',
    textTable([['NODE', 'STATE'], ...view.nodes.map(({ name, ready }) => [name, ready ? 'Ready' : 'NotReady'])]),
    podSection(view, maxPods),
  ];
  return sections.filter((section) => section !== '').join('\n\n');
}

function processRow({ name, state, pid, restarts }: RunningProcess): readonly string[] {
  return [name, state, pid === undefined ? '' : String(pid), String(restarts)];
}

function leaderSection({ leaders }: ClusterView): string {
  if (leaders.size === 0) return '';
  return textTable([['ELECTION', 'LEADER'], ...[...leaders].map(([name, holder]) => [name, holder || 'nobody'])]);
}

function podSection({ pods }: ClusterView, maxPods: number): string {
  if (pods.length === 0) return '';
  const shown = pods.slice(0, maxPods);
  const table = textTable([
    ['POD', 'STATUS', 'READY', 'NODE', 'ADDRESS'],
    ...shown.map((pod) => [
      `${pod.namespace}/${pod.name}`,
      pod.status,
      pod.ready ? 'yes' : 'no',
      pod.node,
      pod.address,
    ]),
  ]);
  return pods.length > shown.length ? `${table}\n… and ${pods.length - shown.length} more` : table;
}

/** What happened between two looks, a line each. */
export function renderChanges(before: ClusterView, after: ClusterView): readonly string[] {
  const lines: string[] = [];
  const note = (was: string | undefined, is: string | undefined, line: string): void => {
    if (was !== is) lines.push(line);
  };
  for (const { endpoint, status, term } of after.members) {
    const was = before.members.find((member) => member.endpoint === endpoint)?.status;
    note(was, status, `member ${endpoint} is ${status}${status === 'leader' ? ` of term ${term}` : ''}`);
  }
  note(
    String(before.apiAnswers),
    String(after.apiAnswers),
    after.apiAnswers ? 'the API answers' : 'no API server answers',
  );
  if (!after.apiAnswers || !before.apiAnswers) return lines;
  for (const [name, holder] of after.leaders) {
    note(before.leaders.get(name), holder, `${name} is led by ${holder || 'nobody'}`);
  }
  for (const { name, ready } of after.nodes) {
    const was = before.nodes.find((node) => node.name === name);
    note(was && String(was.ready), String(ready), `node ${name} is ${ready ? 'Ready' : 'not ready'}`);
  }
  const key = ({ namespace, name }: { namespace: string; name: string }): string => `${namespace}/${name}`;
  const podText = ({ status, ready, node }: ClusterView['pods'][number]): string =>
    `${status}${ready ? ', ready' : ''}${node === '' ? '' : ` on ${node}`}`;
  const podsBefore = new Map(before.pods.map((pod) => [key(pod), podText(pod)]));
  for (const pod of after.pods) note(podsBefore.get(key(pod)), podText(pod), `pod ${key(pod)}: ${podText(pod)}`);
  const podsAfter = new Set(after.pods.map(key));
  for (const gone of podsBefore.keys()) if (!podsAfter.has(gone)) lines.push(`pod ${gone} is gone`);
  return lines;
}
