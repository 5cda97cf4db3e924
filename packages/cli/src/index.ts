/** What the command is made of, for its tests. Nothing of ours imports this package. */
export { type CertsCommandOptions, runCerts } from './commands/certs.ts';
export { type ClusterConfig } from './config/cluster-config.ts';
export { loadClusterConfig, parseClusterConfig } from './config/load.ts';
export { type Backend, type Forwarder, type ForwarderOptions, startForwarder } from './forwarder.ts';
export {
  type CertificateFiles,
  type CertificateSpec,
  type ClusterCertificates,
  ensureClusterCertificates,
} from './pki/cluster-certificates.ts';
export { writeKubeconfig } from './pki/kubeconfig.ts';
export { processIdentity } from './supervisor/process-identity.ts';
export { untilStarted } from './supervisor/readiness.ts';
export {
  type ProcessEvent,
  type ProcessSpec,
  type SupervisedProcess,
  startSupervisedProcess,
} from './supervisor/supervised-process.ts';
export { loadComponent } from './components/load-component.ts';
export { planAll } from './supervisor/plan.ts';
export { parseManifests } from './kube/manifests.ts';
export type { ClusterView } from './view/observe.ts';
export { renderChanges, renderView } from './view/render.ts';
export { createLiveScreen } from './view/screen.ts';
