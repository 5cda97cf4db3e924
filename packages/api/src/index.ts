/** The resource kinds and the machinery of objects: the only door of the package. */
export { decodeObject, decodeBody } from './decode-body.ts';
export type { BodyType, FieldValidation } from './decode-body.ts';
export { groupDiscoveryList } from './discovery/aggregated.ts';
export type {
  SubresourceDiscovery,
  ResourceDiscovery,
  VersionDiscovery,
  GroupDiscovery,
  GroupDiscoveryList,
} from './discovery/aggregated.ts';
export { apiVersions, apiGroupList, apiGroup, apiResourceList } from './discovery/legacy.ts';
export type { ApiVersions, ApiGroup, ApiResource } from './discovery/legacy.ts';
export { humanDuration, age } from './duration.ts';
export {
  fieldErrorText,
  missing as requiredField,
  invalid as invalidField,
  forbidden as forbiddenField,
  notSupported as unsupportedField,
  duplicate as duplicateField,
} from './field-error.ts';
export type { FieldErrorType, FieldError } from './field-error.ts';
export { percentOf, scaledValue } from './int-or-percent.ts';
export { kindRegistry, apiVersionOf, parseApiVersion, builtinKinds } from './kind-registry.ts';
export type { KindRegistry } from './kind-registry.ts';
export type {
  Verb,
  GroupVersionKind,
  GroupVersionResource,
  Subresource,
  CellContext,
  Cell,
  Column,
  FieldLabels,
  Strategy,
  Kind,
} from './kind.ts';
export { deployments } from './kinds/apps/deployment.ts';
export type {
  RollingUpdateDeployment,
  DeploymentStrategy,
  DeploymentSpec,
  DeploymentCondition,
  DeploymentStatus,
  Deployment,
} from './kinds/apps/deployment.ts';
export { replicaSets } from './kinds/apps/replica-set.ts';
export type { ReplicaSetSpec, ReplicaSetCondition, ReplicaSetStatus, ReplicaSet } from './kinds/apps/replica-set.ts';
export { scale as scaleModel } from './kinds/autoscaling/scale.ts';
export type { ScaleSpec, ScaleStatus, Scale } from './kinds/autoscaling/scale.ts';
export { leases } from './kinds/coordination/lease.ts';
export type { LeaseSpec, Lease } from './kinds/coordination/lease.ts';
export { binding as bindingModel } from './kinds/core/binding.ts';
export type { Binding } from './kinds/core/binding.ts';
export { configMaps } from './kinds/core/config-map.ts';
export type { ConfigMap } from './kinds/core/config-map.ts';
export { events } from './kinds/core/event.ts';
export type { EventSource, EventSeries, Event } from './kinds/core/event.ts';
export { namespaceFinalizer, namespaces } from './kinds/core/namespace.ts';
export type { NamespaceSpec, NamespaceCondition, NamespaceStatus, Namespace } from './kinds/core/namespace.ts';
export type {
  NodeAddress,
  NodeCondition,
  ConfigMapNodeConfigSource,
  NodeConfigSource,
  NodeConfigStatus,
  DaemonEndpoint,
  NodeDaemonEndpoints,
  NodeFeatures,
  ContainerImage,
  NodeSwapStatus,
  NodeSystemInfo,
  NodeRuntimeHandlerFeatures,
  NodeRuntimeHandler,
  AttachedVolume,
  NodeStatus,
} from './kinds/core/node-status.ts';
export { nodes } from './kinds/core/node.ts';
export type { Taint, NodeSpec, Node } from './kinds/core/node.ts';
export { pods } from './kinds/core/pod.ts';
export type { Pod } from './kinds/core/pod.ts';
export type {
  ObjectReference,
  LocalObjectReference,
  TypedLocalObjectReference,
  TypedObjectReference,
} from './kinds/core/references.ts';
export { secrets } from './kinds/core/secret.ts';
export type { Secret } from './kinds/core/secret.ts';
export { serviceAccounts } from './kinds/core/service-account.ts';
export type { ServiceAccount } from './kinds/core/service-account.ts';
export { services } from './kinds/core/service.ts';
export type {
  ServicePort,
  ClientIPConfig,
  SessionAffinityConfig,
  PortStatus,
  LoadBalancerIngress,
  LoadBalancerStatus,
  ServiceSpec,
  ServiceStatus,
  Service,
} from './kinds/core/service.ts';
export { endpointSlices } from './kinds/discovery/endpoint-slice.ts';
export type {
  EndpointConditions,
  ForNode,
  ForZone,
  EndpointHints,
  Endpoint,
  EndpointPort,
  EndpointSlice,
} from './kinds/discovery/endpoint-slice.ts';
export { eviction as evictionModel } from './kinds/policy/eviction.ts';
export type { Eviction } from './kinds/policy/eviction.ts';
export type { Condition } from './meta/condition.ts';
export { deleteOptions as deleteOptionsModel } from './meta/delete-options.ts';
export type { Preconditions, DeleteOptions } from './meta/delete-options.ts';
export type { LabelSelectorRequirement, LabelSelector } from './meta/label-selector-model.ts';
export type { OwnerReference, ManagedFieldsEntry, ObjectMeta, ListMeta } from './meta/object-meta.ts';
export { status as statusModel } from './meta/status-model.ts';
export type { StatusCause, StatusDetails, Status } from './meta/status-model.ts';
export { deepEqual } from './object-rules.ts';
export { listModel } from './object.ts';
export type { NamedMeta, KubeObject, KubeList } from './object.ts';
export { openApiDocument, openApiPath, openApiHash, openApiIndex } from './openapi/document.ts';
export type { OpenApiDocument, OpenApiIndex } from './openapi/document.ts';
export { openApiV2Document } from './openapi/v2/document.ts';
export type {
  OpenApiV2Document,
  OpenApiV2Operation,
  OpenApiV2Parameter,
  OpenApiV2PathItem,
  OpenApiV2Response,
  OpenApiV2Schema,
} from './openapi/v2/shape.ts';
export { controllerReference, controllerOf, isControlledBy } from './owner.ts';
export { jsonMaxDepth, parseJson } from './parse-json.ts';
export { jsonPatchMaxOperations, applyJsonPatch } from './patch/json-patch.ts';
export { applyMergePatch } from './patch/merge-patch.ts';
export { patchTypes, patchObject } from './patch/patch-object.ts';
export type { PatchType, PatchRequest } from './patch/patch-object.ts';
export { applyStrategicMergePatch } from './patch/strategic-merge-patch.ts';
export { podTemplateHash } from './pod-template-hash.ts';
export type {
  NodeSelectorRequirement,
  NodeSelectorTerm,
  NodeSelector,
  PreferredSchedulingTerm,
  NodeAffinity,
  PodAffinityTerm,
  WeightedPodAffinityTerm,
  PodAffinity,
  PodAntiAffinity,
  Affinity,
} from './pod/affinity.ts';
export type {
  ContainerStateRunning,
  ContainerStateTerminated,
  ContainerStateWaiting,
  ContainerState,
  LinuxContainerUser,
  ContainerUser,
  VolumeMountStatus,
  ResourceHealth,
  ResourceStatus,
  ContainerStatus,
} from './pod/container-status.ts';
export type {
  ContainerPort,
  ContainerResizePolicy,
  ContainerRestartRuleOnExitCodes,
  ContainerRestartRule,
  VolumeDevice,
  VolumeMount,
  Container,
  EphemeralContainer,
} from './pod/container.ts';
export type {
  ConfigMapKeySelector,
  SecretKeySelector,
  ObjectFieldSelector,
  ResourceFieldSelector,
  FileKeySelector,
  EnvVarSource,
  EnvVar,
  ConfigMapEnvSource,
  SecretEnvSource,
  EnvFromSource,
} from './pod/env.ts';
export type {
  HostAlias,
  PodOS,
  PodDNSConfigOption,
  PodDNSConfig,
  PodResourceClaim,
  PodSpec,
  PodTemplateSpec,
} from './pod/pod-spec.ts';
export type {
  PodCondition,
  HostIP,
  PodIP,
  PodResourceClaimStatus,
  ContainerExtendedResourceRequest,
  PodExtendedResourceClaimStatus,
  PodStatus,
} from './pod/pod-status.ts';
export { podSummary } from './pod/pod-summary.ts';
export type { PodSummary } from './pod/pod-summary.ts';
export type {
  HTTPHeader,
  HTTPGetAction,
  TCPSocketAction,
  ExecAction,
  GRPCAction,
  SleepAction,
  Probe,
  LifecycleHandler,
  Lifecycle,
} from './pod/probe.ts';
export { qosClassOf } from './pod/qos.ts';
export type { QosClass } from './pod/qos.ts';
export type { ResourceClaim, ResourceRequirements } from './pod/resources.ts';
export type { Toleration, TopologySpreadConstraint, PodSchedulingGate, PodReadinessGate } from './pod/scheduling.ts';
export type {
  AppArmorProfile,
  SELinuxOptions,
  SeccompProfile,
  Sysctl,
  WindowsSecurityContextOptions,
  Capabilities,
  SecurityContext,
  PodSecurityContext,
} from './pod/security.ts';
export { envFieldPaths, fieldPathSubscript } from './pod/validate-env.ts';
export type {
  VolumeResourceRequirements,
  PersistentVolumeClaimSpec,
  PersistentVolumeClaimTemplate,
  EphemeralVolumeSource,
  PersistentVolumeClaimVolumeSource,
} from './pod/volume-claim.ts';
export type {
  AWSElasticBlockStoreVolumeSource,
  AzureDiskVolumeSource,
  AzureFileVolumeSource,
  CephFSVolumeSource,
  CinderVolumeSource,
  FCVolumeSource,
  FlexVolumeSource,
  FlockerVolumeSource,
  GCEPersistentDiskVolumeSource,
  GitRepoVolumeSource,
  GlusterfsVolumeSource,
  ISCSIVolumeSource,
  PhotonPersistentDiskVolumeSource,
  PortworxVolumeSource,
  QuobyteVolumeSource,
  RBDVolumeSource,
  ScaleIOVolumeSource,
  StorageOSVolumeSource,
  VsphereVirtualDiskVolumeSource,
} from './pod/volume-drivers.ts';
export type {
  KeyToPath,
  DownwardAPIVolumeFile,
  ConfigMapVolumeSource,
  SecretVolumeSource,
  DownwardAPIVolumeSource,
  ClusterTrustBundleProjection,
  ConfigMapProjection,
  DownwardAPIProjection,
  PodCertificateProjection,
  SecretProjection,
  ServiceAccountTokenProjection,
  VolumeProjection,
  ProjectedVolumeSource,
} from './pod/volume-files.ts';
export type {
  CSIVolumeSource,
  EmptyDirVolumeSource,
  HostPathVolumeSource,
  ImageVolumeSource,
  NFSVolumeSource,
  Volume,
} from './pod/volume.ts';
export {
  parseQuantity,
  formatQuantity,
  canonicalQuantity,
  compareQuantities,
  addQuantities,
  subtractQuantities,
  quantityUnits,
  quantityMillis,
} from './quantity.ts';
export type { QuantityNotation, Quantity } from './quantity.ts';
export { nameAlphabet, generatedName } from './random-name.ts';
export { decode } from './schema/decode.ts';
export type { Decoded } from './schema/decode.ts';
export { duplicateKeys } from './schema/duplicate-keys.ts';
export type { Field, Model, Schema, TypeOf } from './schema/schema.ts';
export { parseFieldSelector, matchesFields } from './selector/field-selector.ts';
export type { FieldRequirement, FieldRequirements } from './selector/field-selector.ts';
export {
  everything,
  nothing,
  matchesLabels,
  requirementsOfMap,
  requirementOf,
  requirementsOf,
  labelSelectorText,
} from './selector/label-selector.ts';
export type { LabelOperator, LabelRequirement, LabelRequirements } from './selector/label-selector.ts';
export { parseLabelSelector } from './selector/parse-label-selector.ts';
export { statusCodes } from './status-reasons.ts';
export type { StatusReason, CauseReason } from './status-reasons.ts';
export {
  ApiError,
  isReason,
  notFound,
  unknownResource,
  alreadyExists,
  generateNameConflict,
  objectModified,
  conflict,
  leaderFenced,
  invalidObject,
  unprocessable,
  badRequest,
  forbidden,
  unauthorized,
  methodNotAllowed,
  notAcceptable,
  unsupportedMediaType,
  expired,
  gone,
  tooManyRequests,
  requestEntityTooLarge,
  timeout,
  resourceVersionTooLarge,
  serverTimeout,
  serviceUnavailable,
  internalError,
  deleted,
} from './status.ts';
export type { GroupResource } from './status.ts';
export { tableOf } from './table.ts';
export type { IncludeObject, ColumnDefinition, TableRow, Table, TableOptions } from './table.ts';
export type { IntOrString, ResourceList, StringMap } from './schema/build.ts';
export { kinds } from './kinds/index.ts';
