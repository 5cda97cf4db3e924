/** Environment variables of a container and where their values come from. */
import { boolean, model, quantity, ref, required, string } from '../schema/build.ts';
import type { Fields, Model } from '../schema/schema.ts';

const configMapKeySelectorFields = {
  key: required(string('Key of the entry.')),
  name: string('Its name.'),
  optional: boolean('Whether it may be missing.'),
};

/** One entry of a config map. */
export interface ConfigMapKeySelector extends Fields<typeof configMapKeySelectorFields> {}
export const configMapKeySelector: Model<ConfigMapKeySelector> = model(
  'io.k8s.api.core.v1.ConfigMapKeySelector',
  'One entry of a config map.',
  configMapKeySelectorFields,
  { atomic: true },
);

const secretKeySelectorFields = {
  key: required(string('Key of the entry.')),
  name: string('Its name.'),
  optional: boolean('Whether it may be missing.'),
};

/** One entry of a secret. */
export interface SecretKeySelector extends Fields<typeof secretKeySelectorFields> {}
export const secretKeySelector: Model<SecretKeySelector> = model(
  'io.k8s.api.core.v1.SecretKeySelector',
  'One entry of a secret.',
  secretKeySelectorFields,
  { atomic: true },
);

const objectFieldSelectorFields = {
  apiVersion: string('Schema that the path is written for; v1 where nothing is said.'),
  fieldPath: required(string('Path of the field, such as status.podIP.')),
};

/** One field of the pod itself. */
export interface ObjectFieldSelector extends Fields<typeof objectFieldSelectorFields> {}
export const objectFieldSelector: Model<ObjectFieldSelector> = model(
  'io.k8s.api.core.v1.ObjectFieldSelector',
  'One field of the pod itself.',
  objectFieldSelectorFields,
  { atomic: true },
);

const resourceFieldSelectorFields = {
  containerName: string('Which container; needed in volumes only.'),
  divisor: quantity('Unit in which the amount is given.'),
  resource: required(string('Which amount, such as limits.cpu.')),
};

/** What a container asks for or may use of one resource. */
export interface ResourceFieldSelector extends Fields<typeof resourceFieldSelectorFields> {}
export const resourceFieldSelector: Model<ResourceFieldSelector> = model(
  'io.k8s.api.core.v1.ResourceFieldSelector',
  'What a container asks for or may use of one resource.',
  resourceFieldSelectorFields,
  { atomic: true },
);

const fileKeySelectorFields = {
  key: required(string('Name of the variable in the file.')),
  optional: boolean('Whether it may be missing.'),
  path: required(string('Path of the file in the volume.')),
  volumeName: required(string('Volume that holds the file.')),
};

/** One entry of a file of variables in a volume. */
export interface FileKeySelector extends Fields<typeof fileKeySelectorFields> {}
export const fileKeySelector: Model<FileKeySelector> = model(
  'io.k8s.api.core.v1.FileKeySelector',
  'One entry of a file of variables in a volume.',
  fileKeySelectorFields,
  { atomic: true },
);

const envVarSourceFields = {
  configMapKeyRef: ref(configMapKeySelector, 'From a config map.'),
  fieldRef: ref(objectFieldSelector, 'From the pod itself.'),
  fileKeyRef: ref(fileKeySelector, 'From a file in a volume.'),
  resourceFieldRef: ref(resourceFieldSelector, 'From the resources of a container.'),
  secretKeyRef: ref(secretKeySelector, 'From a secret.'),
};

/** Where the value of a variable comes from; one of its fields. */
export interface EnvVarSource extends Fields<typeof envVarSourceFields> {}
export const envVarSource: Model<EnvVarSource> = model(
  'io.k8s.api.core.v1.EnvVarSource',
  'Where the value of a variable comes from; one of its fields.',
  envVarSourceFields,
);

const envVarFields = {
  name: required(string('Name of the variable.')),
  value: string('Its value; $(OTHER) stands for a variable set before.'),
  valueFrom: ref(envVarSource, 'Where the value comes from, instead of standing here.'),
};

/** A variable in the environment of a container. */
export interface EnvVar extends Fields<typeof envVarFields> {}
export const envVar: Model<EnvVar> = model(
  'io.k8s.api.core.v1.EnvVar',
  'A variable in the environment of a container.',
  envVarFields,
);

const configMapEnvSourceFields = {
  name: string('Its name.'),
  optional: boolean('Whether it may be missing.'),
};

/** A config map whose entries become variables. */
export interface ConfigMapEnvSource extends Fields<typeof configMapEnvSourceFields> {}
export const configMapEnvSource: Model<ConfigMapEnvSource> = model(
  'io.k8s.api.core.v1.ConfigMapEnvSource',
  'A config map whose entries become variables.',
  configMapEnvSourceFields,
);

const secretEnvSourceFields = {
  name: string('Its name.'),
  optional: boolean('Whether it may be missing.'),
};

/** A secret whose entries become variables. */
export interface SecretEnvSource extends Fields<typeof secretEnvSourceFields> {}
export const secretEnvSource: Model<SecretEnvSource> = model(
  'io.k8s.api.core.v1.SecretEnvSource',
  'A secret whose entries become variables.',
  secretEnvSourceFields,
);

const envFromSourceFields = {
  configMapRef: ref(configMapEnvSource, 'All entries of a config map.'),
  prefix: string('Put before each name.'),
  secretRef: ref(secretEnvSource, 'All entries of a secret.'),
};

/** A source of many variables. */
export interface EnvFromSource extends Fields<typeof envFromSourceFields> {}
export const envFromSource: Model<EnvFromSource> = model(
  'io.k8s.api.core.v1.EnvFromSource',
  'A source of many variables.',
  envFromSourceFields,
);
