/** Reads the objects of manifest files: YAML or JSON, several documents a file, Lists taken apart. */
import { readFileSync } from 'node:fs';
import { OperatingError, messageOf } from '@flotilla/base';
import { parseAllDocuments } from 'yaml';
import { type Fields, isFields, listOf, textOf } from './fields.ts';

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace: string | undefined;
  readonly object: Fields;
}

/** @param file `-` is the standard input. @throws OperatingError `MANIFEST_INVALID`, naming every problem */
export function readManifests(file: string): readonly Manifest[] {
  let source: string;
  try {
    source = readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    throw new OperatingError('MANIFEST_INVALID', `cannot read ${file}: ${messageOf(error)}`, { cause: error });
  }
  return parseManifests(source, file);
}

export function parseManifests(source: string, file: string): readonly Manifest[] {
  const documents = parseAllDocuments(source);
  const problems: string[] = [];
  const manifests: Manifest[] = [];
  for (const document of Array.isArray(documents) ? documents : []) {
    const broken = document.errors.map(({ message }) => `${file}: ${message.split('\n')[0] ?? message}`);
    problems.push(...broken);
    if (broken.length > 0) continue;
    const value: unknown = document.toJS();
    if (value === null || value === undefined) continue;
    const objects = isFields(value) && value['kind'] === 'List' ? listOf(value['items']) : [value];
    for (const object of objects) {
      const manifest = manifestOf(object);
      if (typeof manifest === 'string') problems.push(`${file}: ${manifest}`);
      else manifests.push(manifest);
    }
  }
  if (problems.length > 0) throw new OperatingError('MANIFEST_INVALID', problems.join('\n'));
  if (manifests.length === 0) throw new OperatingError('MANIFEST_INVALID', `${file} holds no objects`);
  return manifests;
}

function manifestOf(object: unknown): Manifest | string {
  if (!isFields(object)) return 'a document is not an object';
  const apiVersion = textOf(object['apiVersion']);
  const kind = textOf(object['kind']);
  const metadata = isFields(object['metadata']) ? object['metadata'] : {};
  const name = textOf(metadata['name']);
  if (apiVersion === '' || kind === '') return 'an object has no apiVersion or no kind';
  if (name === '') return `a ${kind} has no metadata.name`;
  const namespace = textOf(metadata['namespace']);
  return { apiVersion, kind, name, namespace: namespace === '' ? undefined : namespace, object };
}
