/**
 * The seam to an API server: the verbs on collections, objects and subresources, as plain JSON values. It has two
 * implementations, gRPC (`flotilla.v1`) and REST; nothing above this file knows which of them it uses.
 *
 * Every call takes a signal. A refused call throws `ApiError` with the server's Status; a call that found no server, or lost it
 * before the answer, throws an `OperatingError` with code `API_UNREACHABLE`: then a write may or may not have happened.
 * Nothing is tried again here: what is safe to repeat is the caller's knowledge.
 */
import type { DeleteOptions, GroupVersionResource, KubeObject } from '@flotilla/api';
import type { ElectionService } from './election-service.ts';

/** What a call is about: a collection (no name), an object, or a subresource of one. */
export interface ResourceRef extends GroupVersionResource {
  /** Absent for cluster-scoped resources, and for all namespaces in list and watch. */
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  readonly subresource?: string | undefined;
}

/** The election key, with its create revision, that a leader's write must still find in the store. */
export interface Fence {
  readonly key: Uint8Array;
  readonly createRevision: number;
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface GetOptions extends CallOptions {
  /** '0' accepts any cached version; absent asks for the newest. */
  readonly resourceVersion?: string | undefined;
}

/** Selectors in Kubernetes' text form, e.g. `app=web,tier!=db` and `spec.nodeName=n1`. */
export interface Selectors {
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
}

export interface ListOptions extends CallOptions, Selectors {
  readonly resourceVersion?: string | undefined;
  readonly resourceVersionMatch?: 'Exact' | 'NotOlderThan' | undefined;
  readonly limit?: number | undefined;
  readonly continue?: string | undefined;
}

export interface WatchOptions extends CallOptions, Selectors {
  /** Changes after this version; absent: the current state first. */
  readonly resourceVersion?: string | undefined;
  readonly allowWatchBookmarks?: boolean | undefined;
  readonly timeoutSeconds?: number | undefined;
}

export interface WriteOptions extends CallOptions {
  readonly fence?: Fence | undefined;
  readonly fieldManager?: string | undefined;
  readonly fieldValidation?: 'Ignore' | 'Warn' | 'Strict' | undefined;
  readonly dryRun?: boolean | undefined;
}

/** The media type of a patch decides how it is applied. */
export type PatchType =
  | 'application/json-patch+json'
  | 'application/merge-patch+json'
  | 'application/strategic-merge-patch+json'
  | 'application/apply-patch+yaml';

export interface Patch {
  readonly type: PatchType;
  /** JSON. */
  readonly body: unknown;
  /** Server-side apply only: take over fields that others own. */
  readonly force?: boolean | undefined;
}

export interface ObjectList<T extends KubeObject = KubeObject> {
  /** The version of the store that the list shows. */
  readonly resourceVersion: string;
  /** The token of the next page, or the empty string. */
  readonly continue: string;
  readonly items: readonly T[];
}

/** One change. A DELETED object is the last state, with the version of the deletion. */
export interface WatchEvent<T extends KubeObject = KubeObject> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  readonly object: T;
}

export interface Transport {
  readonly name: 'grpc' | 'rest';
  /** `flotilla.v1` Lease and Election; absent where the protocol has none. */
  readonly elections?: ElectionService;
  get(ref: ResourceRef, options: GetOptions): Promise<unknown>;
  list(ref: ResourceRef, options: ListOptions): Promise<ObjectList>;
  /** Ends normally when the server's time for a watch is over; an ERROR event is thrown as `ApiError`. */
  watch(ref: ResourceRef, options: WatchOptions): AsyncIterable<WatchEvent>;
  create(ref: ResourceRef, object: unknown, options: WriteOptions): Promise<unknown>;
  update(ref: ResourceRef, object: unknown, options: WriteOptions): Promise<unknown>;
  patch(ref: ResourceRef, patch: Patch, options: WriteOptions): Promise<unknown>;
  /** The deleted object, or a Status when nothing was left. */
  delete(ref: ResourceRef, body: DeleteOptions, options: WriteOptions): Promise<unknown>;
  /** Ends all calls and closes the connections. */
  close(): void;
}
