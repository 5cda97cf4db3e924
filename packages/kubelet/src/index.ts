/** The node agent: pod workers, status, node lease; the process runtime. */
export { type Kubelet, type KubeletOptions, startKubelet } from './kubelet.ts';
export { kubeletOptions } from './options.ts';
export { type ComplianceOptions, runtimeCompliance } from './runtime/compliance.ts';
export type * from './runtime/cri.ts';
export {
  type ProcessRuntime,
  type ProcessRuntimeOptions,
  openProcessRuntime,
} from './runtime/process/process-runtime.ts';
export type { KubeletTls } from './server/kubelet-server.ts';

// The pure parts and the parts of the process runtime, for tests and for other node agents.
export { formatEntries, logTime, type LogStream, parseEntry } from './logs/cri-log.ts';
export { type LogRequest, type LogSource, readLog } from './logs/read-log.ts';
export { expand } from './pod/expand.ts';
export { type PhaseInput, type PodPhase, phaseOf } from './pod/phase.ts';
export { type ContainerHealth, type PlanInput, type PodPlan, planPod } from './pod/plan.ts';
export type { ContainerView, PodView, SandboxView } from './pod/pod-view.ts';
export { createRestartBackoff, type RestartBackoff } from './pod/restart-backoff.ts';
export { OutputCollector, type OutputCollectorOptions, type OutputLimits } from './runtime/process/output-collector.ts';
