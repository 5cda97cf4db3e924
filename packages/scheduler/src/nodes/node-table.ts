/**
 * All nodes, in columns: a filter or a score is a loop over numbers. A row is a node; a column is a typed array that is indexed
 * by row. The table counts what the pods on a node ask for, those included that were only assumed to be there.
 *
 * A row can exist before its Node object does (a pod may be seen first) and outlive it; such a row is no candidate.
 *
 * Invariants: `requested` of a row is the sum over the pods that `#places` puts there; a pod is counted at most once; `rows()`
 * gives exactly the rows whose Node object is known.
 */
import type { Node, Pod, Taint } from '@flotilla/api';
import { assert } from '@flotilla/base';
import { type PodRequests, amountOf, requestsOf } from './pod-requests.ts';

/** One resource over all nodes. */
export interface ResourceColumn {
  readonly allocatable: Float64Array;
  readonly requested: Float64Array;
  /** As `requested`, with assumed amounts for containers that name none. */
  readonly scoring: Float64Array;
}

interface Place {
  readonly pod: Pod;
  readonly row: number;
  readonly requests: PodRequests;
}

const noTaints: readonly Taint[] = [];

export class NodeTable {
  readonly #rowOf = new Map<string, number>();
  readonly #names: string[] = [];
  readonly #nodes: (Node | undefined)[] = [];
  readonly #freeRows: number[] = [];
  readonly #resources = new Map<string, ResourceColumn>();
  readonly #places = new Map<string, Place>();
  readonly #placesByNamespace = new Map<string, Map<string, Place>>();
  #podCounts: Int32Array = new Int32Array(64);
  #podCapacities: Int32Array = new Int32Array(64);
  #nodeCount = 0;

  /** How many nodes are candidates. */
  get nodeCount(): number {
    return this.#nodeCount;
  }

  *rows(): Generator<number> {
    for (let row = 0; row < this.#nodes.length; row++) if (this.#nodes[row]) yield row;
  }

  /** The row of a candidate by name. */
  rowOf(name: string): number | undefined {
    const row = this.#rowOf.get(name);
    return row === undefined || !this.#nodes[row] ? undefined : row;
  }

  nameOf(row: number): string {
    const name = this.#names[row];
    assert(name !== undefined, `the node table has no row ${row}`);
    return name;
  }

  /** The Node object of a candidate's row. */
  node(row: number): Node {
    const node = this.#nodes[row];
    assert(node !== undefined, `row ${row} of the node table is no candidate`);
    return node;
  }

  label(row: number, key: string): string | undefined {
    return this.node(row).metadata.labels?.[key];
  }

  taints(row: number): readonly Taint[] {
    return this.node(row).spec?.taints ?? noTaints;
  }

  /** The column of a resource; undefined when no node offers it and no pod asks for it. */
  resource(name: string): ResourceColumn | undefined {
    return this.#resources.get(name);
  }

  podCount(row: number): number {
    return this.#podCounts[row] ?? 0;
  }

  podCapacity(row: number): number {
    return this.#podCapacities[row] ?? 0;
  }

  /** The pods of a namespace that count somewhere, with their rows. */
  placesIn(namespace: string): Iterable<{ readonly pod: Pod; readonly row: number }> {
    return this.#placesByNamespace.get(namespace)?.values() ?? [];
  }

  /** Adds a node, or takes over its new state. */
  putNode(node: Node): void {
    const row = this.#rowFor(node.metadata.name ?? '');
    if (!this.#nodes[row]) this.#nodeCount++;
    this.#nodes[row] = node;
    const allocatable = node.status?.allocatable ?? {};
    for (const column of this.#resources.values()) column.allocatable[row] = 0;
    for (const [resource, quantity] of Object.entries(allocatable)) {
      const amount = amountOf(resource, quantity);
      if (resource === 'pods') this.#podCapacities[row] = amount;
      else this.#column(resource).allocatable[row] = amount;
    }
    if (!('pods' in allocatable)) this.#podCapacities[row] = 0;
  }

  removeNode(name: string): void {
    const row = this.#rowOf.get(name);
    if (row === undefined || !this.#nodes[row]) return;
    this.#nodes[row] = undefined;
    this.#nodeCount--;
    this.#releaseIfEmpty(row);
  }

  /** Counts a pod on a node; a pod that counted elsewhere moves. @param key the pod's `namespace/name` */
  putPod(key: string, pod: Pod, node: string): void {
    this.removePod(key);
    const row = this.#rowFor(node);
    const place: Place = { pod, row, requests: requestsOf(pod) };
    this.#places.set(key, place);
    const namespace = pod.metadata.namespace ?? '';
    const places = this.#placesByNamespace.get(namespace) ?? new Map<string, Place>();
    this.#placesByNamespace.set(namespace, places.set(key, place));
    this.#count(place, 1);
  }

  /** @returns whether the pod counted anywhere. */
  removePod(key: string): boolean {
    const place = this.#places.get(key);
    if (!place) return false;
    this.#places.delete(key);
    const namespace = place.pod.metadata.namespace ?? '';
    const places = this.#placesByNamespace.get(namespace);
    places?.delete(key);
    if (places?.size === 0) this.#placesByNamespace.delete(namespace);
    this.#count(place, -1);
    this.#releaseIfEmpty(place.row);
    return true;
  }

  /** The node on which a pod counts. */
  placeOf(key: string): string | undefined {
    const place = this.#places.get(key);
    return place && this.#names[place.row];
  }

  #count({ row, requests }: Place, sign: 1 | -1): void {
    this.#podCounts[row] = (this.#podCounts[row] ?? 0) + sign;
    for (const [resource, amount] of requests.requests) {
      const { requested } = this.#column(resource);
      requested[row] = (requested[row] ?? 0) + sign * amount;
    }
    for (const [resource, amount] of requests.scoringRequests) {
      const { scoring } = this.#column(resource);
      scoring[row] = (scoring[row] ?? 0) + sign * amount;
    }
  }

  #rowFor(name: string): number {
    const known = this.#rowOf.get(name);
    if (known !== undefined) return known;
    const row = this.#freeRows.pop() ?? this.#names.length;
    this.#rowOf.set(name, row);
    this.#names[row] = name;
    this.#nodes[row] = undefined;
    if (row >= this.#podCounts.length) this.#grow();
    return row;
  }

  #releaseIfEmpty(row: number): void {
    if (this.#nodes[row] || this.#podCounts[row] !== 0) return;
    this.#rowOf.delete(this.#names[row] ?? '');
    this.#podCapacities[row] = 0;
    for (const column of this.#resources.values()) {
      column.allocatable[row] = 0;
      column.requested[row] = 0;
      column.scoring[row] = 0;
    }
    this.#freeRows.push(row);
  }

  #column(resource: string): ResourceColumn {
    const known = this.#resources.get(resource);
    if (known) return known;
    const rows = this.#podCounts.length;
    const column = {
      allocatable: new Float64Array(rows),
      requested: new Float64Array(rows),
      scoring: new Float64Array(rows),
    };
    this.#resources.set(resource, column);
    return column;
  }

  #grow(): void {
    const rows = this.#podCounts.length * 2;
    const longer = <T extends Int32Array | Float64Array>(made: T, old: T): T => {
      made.set(old);
      return made;
    };
    this.#podCounts = longer(new Int32Array(rows), this.#podCounts);
    this.#podCapacities = longer(new Int32Array(rows), this.#podCapacities);
    for (const [resource, { allocatable, requested, scoring }] of this.#resources) {
      this.#resources.set(resource, {
        allocatable: longer(new Float64Array(rows), allocatable),
        requested: longer(new Float64Array(rows), requested),
        scoring: longer(new Float64Array(rows), scoring),
      });
    }
  }
}
