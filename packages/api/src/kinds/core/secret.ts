/** Secrets: settings that few should see. */
import { ageColumn, integer, nameColumn, text } from '../../columns.ts';
import { missing, tooLong, type FieldError } from '../../field-error.ts';
import { immutable, invalidAll } from '../../validation/metadata.ts';
import { dataMaxBytes, sealedErrors } from './config-map.ts';
import { defineKind } from '../../define-kind.ts';
import { configKeyProblems, dnsSubdomainProblems } from '../../validation/names.ts';
import { kindModel, type KubeObject } from '../../object.ts';
import { boolean, bytesMap, string, stringMap } from '../../schema/build.ts';
import type { Fields, Model } from '../../schema/schema.ts';

const secretFields = {
  data: bytesMap('The entries, in base64.'),
  immutable: boolean("Whether it can't change any more."),
  stringData: stringMap('Entries as text, for writing only.'),
  type: string('What the entries are for.'),
};

/** Settings that few should see. */
export interface Secret extends KubeObject, Fields<typeof secretFields> {}
export const secret: Model<Secret> = kindModel(
  'io.k8s.api.core.v1.Secret',
  'Settings that few should see.',
  secretFields,
);

/** Keys that a secret of a known type must hold. */
const requiredKeys: Readonly<Record<string, readonly string[]>> = {
  'kubernetes.io/dockercfg': ['.dockercfg'],
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
  'kubernetes.io/ssh-auth': ['ssh-privatekey'],
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
};

/** `stringData` is for writing only: it is merged into `data`. */
function defaultSecret(object: Secret): Secret {
  const { stringData, ...stored } = object;
  const encoded = Object.entries(stringData ?? {}).map(
    ([key, value]) => [key, Buffer.from(value).toString('base64')] as const,
  );
  const type = object.type || 'Opaque';
  if (encoded.length === 0) return { ...stored, type };
  return { ...stored, type, data: { ...object.data, ...Object.fromEntries(encoded) } };
}

function validateSecret({ type = '', data = {} }: Secret): readonly FieldError[] {
  const bytes = Object.values(data).reduce((sum, value) => sum + Buffer.byteLength(value, 'base64'), 0);
  const absent = (requiredKeys[type] ?? []).filter((key) => !Object.hasOwn(data, key));
  return [
    ...Object.keys(data).flatMap((key) => invalidAll(`data[${key}]`, key, configKeyProblems(key))),
    ...(bytes > dataMaxBytes ? [tooLong('data', dataMaxBytes)] : []),
    ...absent.map((key) => missing(`data[${key}]`)),
  ];
}

export const secrets = defineKind<Secret>({
  group: '',
  version: 'v1',
  kind: 'Secret',
  plural: 'secrets',
  namespaced: true,
  model: secret,
  nameRule: dnsSubdomainProblems,
  fieldSelectors: { type: ({ type = '' }) => type },
  columns: [
    nameColumn,
    text({ name: 'Type', description: 'What the entries are for.' }, ({ type = '' }) => type),
    integer({ name: 'Data', description: 'How many entries it holds.' }, ({ data = {} }) => Object.keys(data).length),
    ageColumn,
  ],
  defaults: defaultSecret,
  validate: validateSecret,
  validateUpdate: (object, old) => [
    ...immutable('type', object.type, old.type),
    ...sealedErrors(object, old, ['data']),
    ...validateSecret(object),
  ],
});
