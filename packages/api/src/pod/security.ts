/** With which rights pods and containers run. */
import { atomic, boolean, int64, list, model, numbers, ref, required, string, strings } from '../schema/build.ts';
import type { Fields, Model } from '../schema/schema.ts';

const appArmorProfileFields = {
  localhostProfile: string('Name of a profile on the node, for type Localhost.'),
  type: required(string('Localhost, RuntimeDefault or Unconfined.')),
};

/** Which AppArmor profile confines it. */
export interface AppArmorProfile extends Fields<typeof appArmorProfileFields> {}
export const appArmorProfile: Model<AppArmorProfile> = model(
  'io.k8s.api.core.v1.AppArmorProfile',
  'Which AppArmor profile confines it.',
  appArmorProfileFields,
);

const seLinuxOptionsFields = {
  level: string('SELinux level.'),
  role: string('SELinux role.'),
  type: string('SELinux type.'),
  user: string('SELinux user.'),
};

/** SELinux context. */
export interface SELinuxOptions extends Fields<typeof seLinuxOptionsFields> {}
export const seLinuxOptions: Model<SELinuxOptions> = model(
  'io.k8s.api.core.v1.SELinuxOptions',
  'SELinux context.',
  seLinuxOptionsFields,
);

const seccompProfileFields = {
  localhostProfile: string('Path of a profile on the node, for type Localhost.'),
  type: required(string('Localhost, RuntimeDefault or Unconfined.')),
};

/** Which system calls are allowed. */
export interface SeccompProfile extends Fields<typeof seccompProfileFields> {}
export const seccompProfile: Model<SeccompProfile> = model(
  'io.k8s.api.core.v1.SeccompProfile',
  'Which system calls are allowed.',
  seccompProfileFields,
);

const sysctlFields = {
  name: required(string('Its name.')),
  value: required(string('The value.')),
};

/** A kernel parameter. */
export interface Sysctl extends Fields<typeof sysctlFields> {}
export const sysctl: Model<Sysctl> = model('io.k8s.api.core.v1.Sysctl', 'A kernel parameter.', sysctlFields);

const windowsSecurityContextOptionsFields = {
  gmsaCredentialSpec: string('Content of the GMSA credential spec.'),
  gmsaCredentialSpecName: string('Name of the GMSA credential spec.'),
  hostProcess: boolean('Run as a process of the host.'),
  runAsUserName: string('User to run as.'),
};

/** Rights on Windows. */
export interface WindowsSecurityContextOptions extends Fields<typeof windowsSecurityContextOptionsFields> {}
export const windowsSecurityContextOptions: Model<WindowsSecurityContextOptions> = model(
  'io.k8s.api.core.v1.WindowsSecurityContextOptions',
  'Rights on Windows.',
  windowsSecurityContextOptionsFields,
);

const capabilitiesFields = {
  add: strings('Capabilities to add.', atomic),
  drop: strings('Capabilities to take away.', atomic),
};

/** Linux capabilities beyond or below the runtime's. */
export interface Capabilities extends Fields<typeof capabilitiesFields> {}
export const capabilities: Model<Capabilities> = model(
  'io.k8s.api.core.v1.Capabilities',
  "Linux capabilities beyond or below the runtime's.",
  capabilitiesFields,
);

const securityContextFields = {
  allowPrivilegeEscalation: boolean('Whether a process may gain more rights than its parent.'),
  appArmorProfile: ref(appArmorProfile, 'AppArmor profile.'),
  capabilities: ref(capabilities, 'Linux capabilities to add or drop.'),
  privileged: boolean('Run with the rights of root on the node.'),
  procMount: string('How /proc is mounted.'),
  readOnlyRootFilesystem: boolean("Whether the root file system can't be written."),
  runAsGroup: int64('Group of the first process.'),
  runAsNonRoot: boolean('Refuse to run as root.'),
  runAsUser: int64('User of the first process.'),
  seLinuxOptions: ref(seLinuxOptions, 'SELinux context.'),
  seccompProfile: ref(seccompProfile, 'Allowed system calls.'),
  windowsOptions: ref(windowsSecurityContextOptions, 'Rights on Windows.'),
};

/** With which rights a container runs; overrides the pod's. */
export interface SecurityContext extends Fields<typeof securityContextFields> {}
export const securityContext: Model<SecurityContext> = model(
  'io.k8s.api.core.v1.SecurityContext',
  "With which rights a container runs; overrides the pod's.",
  securityContextFields,
);

const podSecurityContextFields = {
  appArmorProfile: ref(appArmorProfile, 'AppArmor profile.'),
  fsGroup: int64('Group that owns the volumes.'),
  fsGroupChangePolicy: string('When the group of volumes is changed: OnRootMismatch or Always.'),
  runAsGroup: int64('Group of the first process.'),
  runAsNonRoot: boolean('Refuse to run as root.'),
  runAsUser: int64('User of the first process.'),
  seLinuxChangePolicy: string('How volumes get their SELinux label.'),
  seLinuxOptions: ref(seLinuxOptions, 'SELinux context.'),
  seccompProfile: ref(seccompProfile, 'Allowed system calls.'),
  supplementalGroups: numbers('int64', 'More groups of the first process.', atomic),
  supplementalGroupsPolicy: string('Whether groups of the image count: Merge or Strict.'),
  sysctls: list(sysctl, 'Kernel parameters of the pod.', atomic),
  windowsOptions: ref(windowsSecurityContextOptions, 'Rights on Windows.'),
};

/** With which rights the containers of a pod run. */
export interface PodSecurityContext extends Fields<typeof podSecurityContextFields> {}
export const podSecurityContext: Model<PodSecurityContext> = model(
  'io.k8s.api.core.v1.PodSecurityContext',
  'With which rights the containers of a pod run.',
  podSecurityContextFields,
);
