/**
 * The extension points, in the order in which a pod passes them. A plugin implements those that it needs:
 *
 *   preEnqueue → queueSort → preFilter → filter → postFilter (nothing fits) → preScore → score → normalizeScore
 *   → reserve → permit → preBind → bind → postBind
 *
 * Up to `reserve` everything is synchronous and sees one unchanging node table: a scheduling cycle never awaits. From `permit`
 * on a pod's binding cycle runs beside other pods' scheduling.
 *
 * `S` is what the plugin computes once a pod (in preFilter or preScore) and reads for each node.
 */
import type { Pod } from '@flotilla/api';
import type { NodeTable } from '../nodes/node-table.ts';
import type { EventsOfInterest } from './cluster-event.ts';
import type { Rejection } from './rejection.ts';

/** A pod as the queue holds it. */
export interface QueuedPod {
  readonly pod: Pod;
  /** When it was first queued, monotonic milliseconds. */
  readonly queuedMs: number;
  /** How often it was tried. */
  readonly attempts: number;
}

/** What preFilter found: nothing to check, the state for `filter`, or that no node will do. */
export type PreFilterResult<S> =
  | { readonly outcome: 'skip' }
  /** `rows`: the only nodes worth asking, where that is known from the start. */
  | { readonly outcome: 'filter'; readonly state: S; readonly rows?: readonly number[] }
  | { readonly outcome: 'reject'; readonly rejection: Rejection };

export type PreScoreResult<S> = { readonly outcome: 'skip' } | { readonly outcome: 'score'; readonly state: S };

export type PermitAnswer = { readonly outcome: 'allow' } | { readonly outcome: 'deny'; readonly reason: string };
export type PermitResult =
  | PermitAnswer
  /** The pod keeps its reservation until the plugin answers, for at most that long. */
  | { readonly outcome: 'wait'; readonly timeoutMs: number; readonly answer: Promise<PermitAnswer> };

/** A pod and the node that was chosen for it. */
export interface Placement {
  readonly pod: Pod;
  readonly node: string;
}

/** @typeParam F state of preFilter and filter. @typeParam S state of preScore and score. */
export interface Plugin<F = undefined, S = undefined> {
  /** The standard's name, as it stands in configurations and messages. */
  readonly name: string;
  /** Which events may undo this plugin's rejections. */
  readonly events?: EventsOfInterest;

  /** Keeps a pod out of the queue; the pod's own update brings it in. */
  preEnqueue?(pod: Pod): Rejection | undefined;
  /** Negative when `a` goes first. A profile has exactly one. */
  queueSort?(a: QueuedPod, b: QueuedPod): number;
  preFilter?(pod: Pod, nodes: NodeTable): PreFilterResult<F>;
  /** Whether one node can take the pod. Must read the table it is given: preemption passes a changed one. */
  filter?(pod: Pod, nodes: NodeTable, row: number, state: F): Rejection | undefined;
  /** Runs when no node fits; may name a node that will fit soon. */
  postFilter?(pod: Pod, nodes: NodeTable): Promise<{ readonly nominatedNode: string } | undefined>;
  /** @param rows the nodes that fit. */
  preScore?(pod: Pod, nodes: NodeTable, rows: Int32Array): PreScoreResult<S>;
  /** How good one node is: higher is better. 0 to 100, unless normalizeScore brings it there. */
  score?(pod: Pod, nodes: NodeTable, row: number, state: S): number;
  /** Brings the scores of all fitting nodes to 0 to 100, in place. */
  normalizeScore?(scores: Float64Array, nodes: NodeTable, rows: Int32Array, state: S): void;
  /** Claims something in memory. A rejection undoes all reserves so far. */
  reserve?(placement: Placement): Rejection | undefined;
  /** Undoes `reserve`. Idempotent; may come without it. */
  unreserve?(placement: Placement): void;
  permit?(placement: Placement): PermitResult;
  preBind?(placement: Placement, signal: AbortSignal): Promise<void>;
  /** Writes the placement. The first plugin of a profile that has it binds. */
  bind?(placement: Placement, signal: AbortSignal): Promise<void>;
  /** For information, after the binding. */
  postBind?(placement: Placement): void;
}

/** A plugin whose states are its own business. */
// A profile holds plugins of many states; only `any` is assignable both ways.
// oxlint-disable-next-line typescript/no-explicit-any
export type AnyPlugin = Plugin<any, any>;

/** The best score a node can get from one plugin. */
export const maxNodeScore = 100;
