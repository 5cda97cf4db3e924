/** Validation of a pod's volumes: a name, and exactly one source. */
import { duplicate, forbidden, missing, type FieldError } from '../field-error.ts';
import { each, notEmpty, repeated } from '../validation/checks.ts';
import { invalidAll } from '../validation/metadata.ts';
import { dnsLabelProblems } from '../validation/names.ts';
import { relativePathErrors } from './validate-container.ts';
import type { KeyToPath } from './volume-files.ts';
import type { Volume } from './volume.ts';

function validateItems(items: readonly KeyToPath[] | undefined, path: string): readonly FieldError[] {
  return each(items, `${path}.items`, (item, at) => [
    ...notEmpty(`${at}.key`, item.key),
    ...notEmpty(`${at}.path`, item.path),
    ...relativePathErrors(`${at}.path`, item.path),
  ]);
}

function sourceErrors(
  { configMap, secret, hostPath, persistentVolumeClaim }: Volume,
  path: string,
): readonly FieldError[] {
  return [
    ...(configMap
      ? [...notEmpty(`${path}.configMap.name`, configMap.name), ...validateItems(configMap.items, `${path}.configMap`)]
      : []),
    ...(secret
      ? [...notEmpty(`${path}.secret.secretName`, secret.secretName), ...validateItems(secret.items, `${path}.secret`)]
      : []),
    ...(hostPath ? notEmpty(`${path}.hostPath.path`, hostPath.path) : []),
    ...(persistentVolumeClaim
      ? notEmpty(`${path}.persistentVolumeClaim.claimName`, persistentVolumeClaim.claimName)
      : []),
  ];
}

function validateVolume(volume: Volume, path: string): readonly FieldError[] {
  const { name, ...sources } = volume;
  const given = Object.entries(sources).filter(([, source]) => source !== undefined);
  return [
    ...(name === '' ? [missing(`${path}.name`)] : invalidAll(`${path}.name`, name, dnsLabelProblems(name))),
    ...(given.length === 0 ? [missing(path, 'must specify a volume type')] : []),
    ...given.slice(1).map(([key]) => forbidden(`${path}.${key}`, 'may not specify more than 1 volume type')),
    ...sourceErrors(volume, path),
  ];
}

export function validateVolumes(volumes: readonly Volume[] | undefined, path: string): readonly FieldError[] {
  const again = repeated(volumes, ({ name }) => name);
  return each(volumes, path, (volume, at, index) => [
    ...validateVolume(volume, at),
    ...(again.has(index) ? [duplicate(`${at}.name`, volume.name)] : []),
  ]);
}
