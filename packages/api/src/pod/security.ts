/** With which rights pods and containers run. */
import { atomic, boolean, int64, list, model, numbers, ref, required, string, strings } from '../schema/build.ts';
import type { Fields, Model } from '../schema/schema.ts';

const appArmorProfileFields = {
  localhostProfile: string('@AppArmorProfile.localhostProfile'),
  type: required(string('@AppArmorProfile.type')),
};

/** @AppArmorProfile. */
export interface AppArmorProfile extends Fields<typeof appArmorProfileFields> {}
export const appArmorProfile: Model<AppArmorProfile> = model('io.k8s.api.core.v1.AppArmorProfile', '@AppArmorProfile', appArmorProfileFields);

const seLinuxOptionsFields = {
  level: string('@SELinuxOptions.level'),
  role: string('@SELinuxOptions.role'),
  type: string('@SELinuxOptions.type'),
  user: string('@SELinuxOptions.user'),
};

/** @SELinuxOptions. */
export interface SELinuxOptions extends Fields<typeof seLinuxOptionsFields> {}
export const seLinuxOptions: Model<SELinuxOptions> = model('io.k8s.api.core.v1.SELinuxOptions', '@SELinuxOptions', seLinuxOptionsFields);

const seccompProfileFields = {
  localhostProfile: string('@SeccompProfile.localhostProfile'),
  type: required(string('@SeccompProfile.type')),
};

/** @SeccompProfile. */
export interface SeccompProfile extends Fields<typeof seccompProfileFields> {}
export const seccompProfile: Model<SeccompProfile> = model('io.k8s.api.core.v1.SeccompProfile', '@SeccompProfile', seccompProfileFields);

const sysctlFields = {
  name: required(string('@Sysctl.name')),
  value: required(string('@Sysctl.value')),
};

/** @Sysctl. */
export interface Sysctl extends Fields<typeof sysctlFields> {}
export const sysctl: Model<Sysctl> = model('io.k8s.api.core.v1.Sysctl', '@Sysctl', sysctlFields);

const windowsSecurityContextOptionsFields = {
  gmsaCredentialSpec: string('@WindowsSecurityContextOptions.gmsaCredentialSpec'),
  gmsaCredentialSpecName: string('@WindowsSecurityContextOptions.gmsaCredentialSpecName'),
  hostProcess: boolean('@WindowsSecurityContextOptions.hostProcess'),
  runAsUserName: string('@WindowsSecurityContextOptions.runAsUserName'),
};

/** @WindowsSecurityContextOptions. */
export interface WindowsSecurityContextOptions extends Fields<typeof windowsSecurityContextOptionsFields> {}
export const windowsSecurityContextOptions: Model<WindowsSecurityContextOptions> = model('io.k8s.api.core.v1.WindowsSecurityContextOptions', '@WindowsSecurityContextOptions', windowsSecurityContextOptionsFields);

const capabilitiesFields = {
  add: strings('@Capabilities.add', atomic),
  drop: strings('@Capabilities.drop', atomic),
};

/** @Capabilities. */
export interface Capabilities extends Fields<typeof capabilitiesFields> {}
export const capabilities: Model<Capabilities> = model('io.k8s.api.core.v1.Capabilities', '@Capabilities', capabilitiesFields);

const securityContextFields = {
  allowPrivilegeEscalation: boolean('@SecurityContext.allowPrivilegeEscalation'),
  appArmorProfile: ref(appArmorProfile, '@SecurityContext.appArmorProfile'),
  capabilities: ref(capabilities, '@SecurityContext.capabilities'),
  privileged: boolean('@SecurityContext.privileged'),
  procMount: string('@SecurityContext.procMount'),
  readOnlyRootFilesystem: boolean('@SecurityContext.readOnlyRootFilesystem'),
  runAsGroup: int64('@SecurityContext.runAsGroup'),
  runAsNonRoot: boolean('@SecurityContext.runAsNonRoot'),
  runAsUser: int64('@SecurityContext.runAsUser'),
  seLinuxOptions: ref(seLinuxOptions, '@SecurityContext.seLinuxOptions'),
  seccompProfile: ref(seccompProfile, '@SecurityContext.seccompProfile'),
  windowsOptions: ref(windowsSecurityContextOptions, '@SecurityContext.windowsOptions'),
};

/** @SecurityContext. */
export interface SecurityContext extends Fields<typeof securityContextFields> {}
export const securityContext: Model<SecurityContext> = model('io.k8s.api.core.v1.SecurityContext', '@SecurityContext', securityContextFields);

const podSecurityContextFields = {
  appArmorProfile: ref(appArmorProfile, '@PodSecurityContext.appArmorProfile'),
  fsGroup: int64('@PodSecurityContext.fsGroup'),
  fsGroupChangePolicy: string('@PodSecurityContext.fsGroupChangePolicy'),
  runAsGroup: int64('@PodSecurityContext.runAsGroup'),
  runAsNonRoot: boolean('@PodSecurityContext.runAsNonRoot'),
  runAsUser: int64('@PodSecurityContext.runAsUser'),
  seLinuxChangePolicy: string('@PodSecurityContext.seLinuxChangePolicy'),
  seLinuxOptions: ref(seLinuxOptions, '@PodSecurityContext.seLinuxOptions'),
  seccompProfile: ref(seccompProfile, '@PodSecurityContext.seccompProfile'),
  supplementalGroups: numbers('int64', '@PodSecurityContext.supplementalGroups', atomic),
  supplementalGroupsPolicy: string('@PodSecurityContext.supplementalGroupsPolicy'),
  sysctls: list(sysctl, '@PodSecurityContext.sysctls', atomic),
  windowsOptions: ref(windowsSecurityContextOptions, '@PodSecurityContext.windowsOptions'),
};

/** @PodSecurityContext. */
export interface PodSecurityContext extends Fields<typeof podSecurityContextFields> {}
export const podSecurityContext: Model<PodSecurityContext> = model('io.k8s.api.core.v1.PodSecurityContext', '@PodSecurityContext', podSecurityContextFields);
