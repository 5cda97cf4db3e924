/** ConfigMaps: settings for programs. */
import { ageColumn, integer, nameColumn } from '../../columns.ts';
import { forbidden, invalid, tooLong, type FieldError } from '../../field-error.ts';
import { deepEqual } from '../../object-rules.ts';
import { invalidAll } from '../../validation/metadata.ts';
import { defineKind } from '../../define-kind.ts';
import { configKeyProblems, dnsSubdomainProblems } from '../../validation/names.ts';
import { kindModel, type KubeObject } from '../../object.ts';
import { boolean, bytesMap, stringMap } from '../../schema/build.ts';
import type { Fields, Model } from '../../schema/schema.ts';

const configMapFields = {
  binaryData: bytesMap('Entries that are no text, in base64.'),
  data: stringMap('Entries that are text.'),
  immutable: boolean("Whether it can't change any more."),
};

/** Settings for programs, as text or bytes. */
export interface ConfigMap extends KubeObject, Fields<typeof configMapFields> {}
export const configMap: Model<ConfigMap> = kindModel(
  'io.k8s.api.core.v1.ConfigMap',
  'Settings for programs, as text or bytes.',
  configMapFields,
);

/** Of a config map or a secret: the size of all values together. */
export const dataMaxBytes = 1024 * 1024;
const immutableText = 'field is immutable when `immutable` is set';

function validateConfigMap({ data = {}, binaryData = {} }: ConfigMap): readonly FieldError[] {
  const text = Object.entries(data);
  const binary = Object.entries(binaryData);
  const bytes =
    text.reduce((sum, [, value]) => sum + Buffer.byteLength(value), 0) +
    binary.reduce((sum, [, value]) => sum + Buffer.byteLength(value, 'base64'), 0);
  return [
    ...text.flatMap(([key]) => [
      ...invalidAll(`data[${key}]`, key, configKeyProblems(key)),
      ...(Object.hasOwn(binaryData, key)
        ? [invalid(`data[${key}]`, key, 'duplicate of key present in binaryData')]
        : []),
    ]),
    ...binary.flatMap(([key]) => invalidAll(`binaryData[${key}]`, key, configKeyProblems(key))),
    ...(bytes > dataMaxBytes ? [tooLong('', dataMaxBytes)] : []),
  ];
}

/** What is sealed stays as it is, the seal included. Shared by config maps and secrets. */
export function sealedErrors<T extends { readonly immutable?: boolean | undefined }>(
  object: T,
  old: T,
  keys: readonly (keyof T & string)[],
): readonly FieldError[] {
  if (old.immutable !== true) return [];
  return [
    ...(object.immutable === true ? [] : [forbidden('immutable', immutableText)]),
    ...keys.flatMap((key) => (deepEqual(object[key], old[key]) ? [] : [forbidden(key, immutableText)])),
  ];
}

export const configMaps = defineKind<ConfigMap>({
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  shortNames: ['cm'],
  namespaced: true,
  model: configMap,
  nameRule: dnsSubdomainProblems,
  columns: [
    nameColumn,
    integer(
      { name: 'Data', description: 'How many entries it holds.' },
      ({ data = {}, binaryData = {} }) => Object.keys(data).length + Object.keys(binaryData).length,
    ),
    ageColumn,
  ],
  validate: validateConfigMap,
  validateUpdate: (object, old) => [...sealedErrors(object, old, ['data', 'binaryData']), ...validateConfigMap(object)],
});
