/** Keeps a view of the cluster on a terminal, drawn over itself, or prints what changes where there is no terminal. */
import { type Clock, sleep } from '@flotilla/base';
import type { RunningProcess } from '../state/running-file.ts';
import { type ClusterView, type Observer, observeCluster } from './observe.ts';
import { renderChanges, renderView } from './render.ts';
import type { LiveScreen } from './screen.ts';

export interface LiveViewOptions {
  readonly observer: Observer;
  readonly screen: LiveScreen;
  readonly processes: () => readonly RunningProcess[];
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

const periodMs = 1000;
/** Lines of a view that are no pods. */
const otherLines = 34;

/** Runs until its signal is aborted. */
export async function runLiveView({ observer, screen, processes, clock, signal }: LiveViewOptions): Promise<void> {
  let before: ClusterView | undefined;
  while (!signal.aborted) {
    const view = await observeCluster(observer, signal);
    if (signal.aborted) return;
    const maxPods = Math.max(5, screen.rows - otherLines);
    if (screen.isTerminal) screen.draw(renderView(view, { processes: processes(), maxPods }));
    else if (before) renderChanges(before, view).forEach(screen.print);
    before = view;
    await sleep(clock, periodMs, signal);
  }
}
