/** Environment variables of a container and where their values come from. */
import { boolean, model, quantity, ref, required, string } from '../schema/build.ts';
import type { Fields, Model } from '../schema/schema.ts';

const configMapKeySelectorFields = {
  key: required(string('@ConfigMapKeySelector.key')),
  name: string('@ConfigMapKeySelector.name'),
  optional: boolean('@ConfigMapKeySelector.optional'),
};

/** @ConfigMapKeySelector. */
export interface ConfigMapKeySelector extends Fields<typeof configMapKeySelectorFields> {}
export const configMapKeySelector: Model<ConfigMapKeySelector> = model('io.k8s.api.core.v1.ConfigMapKeySelector', '@ConfigMapKeySelector', configMapKeySelectorFields, { atomic: true });

const secretKeySelectorFields = {
  key: required(string('@SecretKeySelector.key')),
  name: string('@SecretKeySelector.name'),
  optional: boolean('@SecretKeySelector.optional'),
};

/** @SecretKeySelector. */
export interface SecretKeySelector extends Fields<typeof secretKeySelectorFields> {}
export const secretKeySelector: Model<SecretKeySelector> = model('io.k8s.api.core.v1.SecretKeySelector', '@SecretKeySelector', secretKeySelectorFields, { atomic: true });

const objectFieldSelectorFields = {
  apiVersion: string('@ObjectFieldSelector.apiVersion'),
  fieldPath: required(string('@ObjectFieldSelector.fieldPath')),
};

/** @ObjectFieldSelector. */
export interface ObjectFieldSelector extends Fields<typeof objectFieldSelectorFields> {}
export const objectFieldSelector: Model<ObjectFieldSelector> = model('io.k8s.api.core.v1.ObjectFieldSelector', '@ObjectFieldSelector', objectFieldSelectorFields, { atomic: true });

const resourceFieldSelectorFields = {
  containerName: string('@ResourceFieldSelector.containerName'),
  divisor: quantity('@ResourceFieldSelector.divisor'),
  resource: required(string('@ResourceFieldSelector.resource')),
};

/** @ResourceFieldSelector. */
export interface ResourceFieldSelector extends Fields<typeof resourceFieldSelectorFields> {}
export const resourceFieldSelector: Model<ResourceFieldSelector> = model('io.k8s.api.core.v1.ResourceFieldSelector', '@ResourceFieldSelector', resourceFieldSelectorFields, { atomic: true });

const fileKeySelectorFields = {
  key: required(string('@FileKeySelector.key')),
  optional: boolean('@FileKeySelector.optional'),
  path: required(string('@FileKeySelector.path')),
  volumeName: required(string('@FileKeySelector.volumeName')),
};

/** @FileKeySelector. */
export interface FileKeySelector extends Fields<typeof fileKeySelectorFields> {}
export const fileKeySelector: Model<FileKeySelector> = model('io.k8s.api.core.v1.FileKeySelector', '@FileKeySelector', fileKeySelectorFields, { atomic: true });

const envVarSourceFields = {
  configMapKeyRef: ref(configMapKeySelector, '@EnvVarSource.configMapKeyRef'),
  fieldRef: ref(objectFieldSelector, '@EnvVarSource.fieldRef'),
  fileKeyRef: ref(fileKeySelector, '@EnvVarSource.fileKeyRef'),
  resourceFieldRef: ref(resourceFieldSelector, '@EnvVarSource.resourceFieldRef'),
  secretKeyRef: ref(secretKeySelector, '@EnvVarSource.secretKeyRef'),
};

/** @EnvVarSource. */
export interface EnvVarSource extends Fields<typeof envVarSourceFields> {}
export const envVarSource: Model<EnvVarSource> = model('io.k8s.api.core.v1.EnvVarSource', '@EnvVarSource', envVarSourceFields);

const envVarFields = {
  name: required(string('@EnvVar.name')),
  value: string('@EnvVar.value'),
  valueFrom: ref(envVarSource, '@EnvVar.valueFrom'),
};

/** @EnvVar. */
export interface EnvVar extends Fields<typeof envVarFields> {}
export const envVar: Model<EnvVar> = model('io.k8s.api.core.v1.EnvVar', '@EnvVar', envVarFields);

const configMapEnvSourceFields = {
  name: string('@ConfigMapEnvSource.name'),
  optional: boolean('@ConfigMapEnvSource.optional'),
};

/** @ConfigMapEnvSource. */
export interface ConfigMapEnvSource extends Fields<typeof configMapEnvSourceFields> {}
export const configMapEnvSource: Model<ConfigMapEnvSource> = model('io.k8s.api.core.v1.ConfigMapEnvSource', '@ConfigMapEnvSource', configMapEnvSourceFields);

const secretEnvSourceFields = {
  name: string('@SecretEnvSource.name'),
  optional: boolean('@SecretEnvSource.optional'),
};

/** @SecretEnvSource. */
export interface SecretEnvSource extends Fields<typeof secretEnvSourceFields> {}
export const secretEnvSource: Model<SecretEnvSource> = model('io.k8s.api.core.v1.SecretEnvSource', '@SecretEnvSource', secretEnvSourceFields);

const envFromSourceFields = {
  configMapRef: ref(configMapEnvSource, '@EnvFromSource.configMapRef'),
  prefix: string('@EnvFromSource.prefix'),
  secretRef: ref(secretEnvSource, '@EnvFromSource.secretRef'),
};

/** @EnvFromSource. */
export interface EnvFromSource extends Fields<typeof envFromSourceFields> {}
export const envFromSource: Model<EnvFromSource> = model('io.k8s.api.core.v1.EnvFromSource', '@EnvFromSource', envFromSourceFields);
