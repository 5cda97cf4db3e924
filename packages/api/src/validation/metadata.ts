/** Validation of `metadata`, the same for all kinds but the format of the name. */
import { forbidden, invalid, missing, tooLong, type FieldError } from '../field-error.ts';
import type { ObjectMeta, OwnerReference } from '../meta/object-meta.ts';
import { deepEqual } from '../object-rules.ts';
import type { StringMap } from '../schema/build.ts';
import { dnsLabelProblems, labelValueProblems, qualifiedNameProblems } from './names.ts';

/** Texts of what is wrong with a name; see names.ts. */
export type NameRule = (name: string) => readonly string[];

interface MetadataRules {
  readonly namespaced: boolean;
  readonly nameRule: NameRule;
}

const annotationsMaxBytes = 256 * 1024;

export function invalidAll(field: string, value: unknown, problems: readonly string[]): readonly FieldError[] {
  return problems.map((problem) => invalid(field, value, problem));
}

export function validateLabels(labels: StringMap | undefined, path: string): readonly FieldError[] {
  return Object.entries(labels ?? {}).flatMap(([key, value]) => [
    ...invalidAll(path, key, qualifiedNameProblems(key)),
    ...invalidAll(path, value, labelValueProblems(value)),
  ]);
}

export function validateAnnotations(annotations: StringMap | undefined, path: string): readonly FieldError[] {
  const entries = Object.entries(annotations ?? {});
  const bytes = entries.reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0);
  return [
    ...entries.flatMap(([key]) => invalidAll(path, key, qualifiedNameProblems(key.toLowerCase()))),
    ...(bytes > annotationsMaxBytes ? [tooLong(path, annotationsMaxBytes)] : []),
  ];
}

function validateOwner(owner: OwnerReference, path: string): readonly FieldError[] {
  const version = owner.apiVersion.slice(owner.apiVersion.indexOf('/') + 1);
  const empty = (['kind', 'name', 'uid'] as const).filter((key) => owner[key] === '');
  return [
    ...(version === '' ? [invalid(`${path}.apiVersion`, owner.apiVersion, 'version must not be empty')] : []),
    ...empty.map((key) => invalid(`${path}.${key}`, '', 'must not be empty')),
    ...(owner.apiVersion === 'v1' && owner.kind === 'Event'
      ? [invalid(path, owner, '/v1, Kind=Event is disallowed from being an owner')]
      : []),
  ];
}

function validateOwners(owners: readonly OwnerReference[], path: string): readonly FieldError[] {
  const controllers = owners.filter(({ controller }) => controller === true);
  const [first, second] = controllers;
  const clash =
    first && second
      ? [
          invalid(
            path,
            owners,
            `Only one reference can have Controller set to true. Found "true" in references for ${first.kind}/${first.name} and ${second.kind}/${second.name}`,
          ),
        ]
      : [];
  return [...owners.flatMap((owner, index) => validateOwner(owner, `${path}[${index}]`)), ...clash];
}

function validateFinalizers(finalizers: readonly string[], path: string): readonly FieldError[] {
  const both = finalizers.includes('orphan') && finalizers.includes('foregroundDeletion');
  return [
    ...finalizers.flatMap((finalizer) => invalidAll(path, finalizer, qualifiedNameProblems(finalizer))),
    ...(both ? [invalid(path, finalizers, 'finalizer orphan and foregroundDeletion cannot be both set')] : []),
  ];
}

function validateNamespace(namespace: string, namespaced: boolean): readonly FieldError[] {
  const path = 'metadata.namespace';
  if (!namespaced) return namespace === '' ? [] : [forbidden(path, 'not allowed on this type')];
  return namespace === '' ? [missing(path)] : invalidAll(path, namespace, dnsLabelProblems(namespace));
}

function validateName({ name = '', generateName = '' }: ObjectMeta, nameRule: NameRule): readonly FieldError[] {
  // A prefix may end with a dash, because more letters follow.
  const prefixProblems = generateName === '' ? [] : nameRule(generateName.replace(/-$/u, 'a'));
  const prefixErrors = invalidAll('metadata.generateName', generateName, prefixProblems);
  if (name === '') return [...prefixErrors, missing('metadata.name', 'name or generateName is required')];
  return [...prefixErrors, ...invalidAll('metadata.name', name, nameRule(name))];
}

export function validateMetadata(metadata: ObjectMeta, { namespaced, nameRule }: MetadataRules): readonly FieldError[] {
  return [
    ...validateName(metadata, nameRule),
    ...validateNamespace(metadata.namespace ?? '', namespaced),
    ...((metadata.generation ?? 0) < 0
      ? [invalid('metadata.generation', metadata.generation, 'must be greater than or equal to 0')]
      : []),
    ...validateLabels(metadata.labels, 'metadata.labels'),
    ...validateAnnotations(metadata.annotations, 'metadata.annotations'),
    ...validateOwners(metadata.ownerReferences ?? [], 'metadata.ownerReferences'),
    ...validateFinalizers(metadata.finalizers ?? [], 'metadata.finalizers'),
  ];
}

export const fieldIsImmutable = 'field is immutable';

export function immutable(field: string, value: unknown, old: unknown): readonly FieldError[] {
  return deepEqual(value, old) ? [] : [invalid(field, value, fieldIsImmutable)];
}

const immutableMetadata = [
  'name',
  'namespace',
  'uid',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
] as const;

/** Once an object is being deleted, finalizers may only go. */
function newFinalizers(metadata: ObjectMeta, old: ObjectMeta): readonly FieldError[] {
  if (old.deletionTimestamp === undefined) return [];
  const known = new Set(old.finalizers);
  const added = (metadata.finalizers ?? []).filter((finalizer) => !known.has(finalizer));
  if (added.length === 0) return [];
  const listed = added.map((name) => JSON.stringify(name)).join(', ');
  const detail = `no new finalizers can be added if the object is being deleted, found new finalizers []string{${listed}}`;
  return [forbidden('metadata.finalizers', detail)];
}

export function validateMetadataUpdate(
  metadata: ObjectMeta,
  old: ObjectMeta,
  rules: MetadataRules,
): readonly FieldError[] {
  const { generation = 0, resourceVersion = '' } = metadata;
  return [
    ...validateMetadata(metadata, rules),
    ...newFinalizers(metadata, old),
    ...(resourceVersion === ''
      ? [invalid('metadata.resourceVersion', resourceVersion, 'must be specified for an update')]
      : []),
    ...(generation < (old.generation ?? 0)
      ? [invalid('metadata.generation', generation, 'must not be decremented')]
      : []),
    ...immutableMetadata.flatMap((key) => immutable(`metadata.${key}`, metadata[key], old[key])),
  ];
}
