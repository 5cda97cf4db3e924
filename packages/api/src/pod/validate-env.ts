/** Validation of a container's environment. */
import { invalid, notSupported, missing, type FieldError } from '../field-error.ts';
import { each, notEmpty } from '../validation/checks.ts';
import { invalidAll } from '../validation/metadata.ts';
import {
  configKeyProblems,
  dnsSubdomainProblems,
  envNameProblems,
  qualifiedNameProblems,
} from '../validation/names.ts';
import type { Container } from './container.ts';
import type { EnvFromSource, EnvVar, EnvVarSource, ObjectFieldSelector } from './env.ts';

/** Fields of the pod that a variable may take its value from, beside single labels and annotations. */
export const envFieldPaths: readonly string[] = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
];
/** These exist for volumes, where a whole map may be a file. */
const mapFieldPaths = ['metadata.annotations', 'metadata.labels'];

const subscript = /^(metadata\.(?:labels|annotations))\['(.*)'\]$/su;

/** `metadata.labels['key']`: the map and the key; undefined for other paths. */
export function fieldPathSubscript(path: string): { readonly map: string; readonly key: string } | undefined {
  const [, map, key] = subscript.exec(path) ?? [];
  return map === undefined || key === undefined ? undefined : { map, key };
}

function validateFieldRef({ apiVersion = '', fieldPath }: ObjectFieldSelector, path: string): readonly FieldError[] {
  if (apiVersion === '') return [missing(`${path}.apiVersion`)];
  if (fieldPath === '') return [missing(`${path}.fieldPath`)];
  const subscripted = fieldPathSubscript(fieldPath);
  if (subscripted) {
    const { map, key } = subscripted;
    return invalidAll(path, key, qualifiedNameProblems(map === 'metadata.annotations' ? key.toLowerCase() : key));
  }
  if (envFieldPaths.includes(fieldPath)) return [];
  if (mapFieldPaths.includes(fieldPath)) return [notSupported(`${path}.fieldPath`, fieldPath, envFieldPaths)];
  return [
    invalid(`${path}.fieldPath`, fieldPath, `error converting fieldPath: field label not supported: ${fieldPath}`),
  ];
}

function validateKeyRef(
  { name = '', key }: { readonly name?: string | undefined; readonly key: string },
  path: string,
): readonly FieldError[] {
  return [
    ...notEmpty(`${path}.name`, name),
    ...(key === '' ? [missing(`${path}.key`)] : invalidAll(`${path}.key`, key, configKeyProblems(key))),
  ];
}

function validateSource(source: EnvVarSource, hasValue: boolean, path: string): readonly FieldError[] {
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef } = source;
  const count = [fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef].filter(Boolean).length;
  const shape =
    count === 0
      ? [invalid(path, '', 'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`')]
      : hasValue
        ? [invalid(path, '', 'may not be specified when `value` is not empty')]
        : count > 1
          ? [invalid(path, '', 'may not have more than one field specified at a time')]
          : [];
  return [
    ...(fieldRef ? validateFieldRef(fieldRef, `${path}.fieldRef`) : []),
    ...(resourceFieldRef ? notEmpty(`${path}.resourceFieldRef.resource`, resourceFieldRef.resource) : []),
    ...(configMapKeyRef ? validateKeyRef(configMapKeyRef, `${path}.configMapKeyRef`) : []),
    ...(secretKeyRef ? validateKeyRef(secretKeyRef, `${path}.secretKeyRef`) : []),
    ...shape,
  ];
}

function validateVariable({ name, value = '', valueFrom }: EnvVar, path: string): readonly FieldError[] {
  return [
    ...(name === '' ? [missing(`${path}.name`)] : invalidAll(`${path}.name`, name, envNameProblems(name))),
    ...(valueFrom ? validateSource(valueFrom, value !== '', `${path}.valueFrom`) : []),
  ];
}

function validateFrom({ prefix = '', configMapRef, secretRef }: EnvFromSource, path: string): readonly FieldError[] {
  const named = [
    ['configMapRef', configMapRef],
    ['secretRef', secretRef],
  ] as const;
  return [
    ...(prefix === '' ? [] : invalidAll(`${path}.prefix`, prefix, envNameProblems(prefix))),
    ...named.flatMap(([key, ref]) => {
      if (!ref) return [];
      const { name = '' } = ref;
      return name === ''
        ? [missing(`${path}.${key}.name`)]
        : invalidAll(`${path}.${key}.name`, name, dnsSubdomainProblems(name));
    }),
    ...(!configMapRef && !secretRef ? [invalid(path, '', 'must specify one of: `configMapRef` or `secretRef`')] : []),
    ...(configMapRef && secretRef ? [invalid(path, '', 'may not have more than one field specified at a time')] : []),
  ];
}

export function validateEnvironment(
  { env, envFrom }: Pick<Container, 'env' | 'envFrom'>,
  path: string,
): readonly FieldError[] {
  return [...each(env, `${path}.env`, validateVariable), ...each(envFrom, `${path}.envFrom`, validateFrom)];
}
