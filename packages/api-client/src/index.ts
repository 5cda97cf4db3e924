/** The client of the API server: verbs, informers, work queue, leader election with fence, events. */
export {
  type ApiClient,
  type ApiClientOptions,
  type ApiClientTls,
  type ChangeOptions,
  type InNamespace,
  type ObjectName,
  type PatchOptions,
  type ResourceClient,
  type ResourceType,
  type SubresourceClient,
  clientOver,
  createApiClient,
} from './client.ts';
export type { Candidate, ElectionService, Victory } from './election-service.ts';
export {
  ApiError,
  apiUnimplemented,
  apiUnreachable,
  isAlreadyExists,
  isConflict,
  isExpired,
  isForbidden,
  isInvalid,
  isLeaderFenced,
  isNamespaceTerminating,
  isNotFound,
  isResourceVersionTooLarge,
  isTooManyRequests,
  isUnimplemented,
  isUnreachable,
} from './errors.ts';
export {
  type EventDraft,
  type EventRecorder,
  type EventRecorderOptions,
  type EventSubject,
  createEventRecorder,
} from './event-recorder.ts';
export { type Indexers, type ReadonlyIndexer, namespaceIndex } from './indexer.ts';
export { type InformerFactory, createInformerFactory } from './informer-factory.ts';
export { type ChangeHandlers, type Informer, type InformerOptions, createInformer } from './informer.ts';
export { keyOf, nameKey, nameOfKey, revisionOf } from './keys.ts';
export { type KubeconfigOptions, loadKubeconfig } from './kubeconfig.ts';
export {
  type LeaderElector,
  type LeaderElectorOptions,
  type LeaderTerm,
  createLeaderElector,
} from './leader-elector.ts';
export { type MemoryCall, type MemoryServer, type MemoryVerb, createMemoryServer } from './memory/memory-server.ts';
export { microTimeOf } from './lease-object.ts';
export { type PodBinding, bindPod, evictPod, readScale, writeScale } from './subresources.ts';
export type {
  CallOptions,
  Fence,
  GetOptions,
  ListOptions,
  ObjectList,
  Patch,
  PatchType,
  ResourceRef,
  Selectors,
  Transport,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from './transport.ts';
export { type WorkQueue, type WorkQueueOptions, createWorkQueue } from './work-queue.ts';
export { type Reconcile, type Requeue, type WorkersOptions, runWorkers } from './workers.ts';
