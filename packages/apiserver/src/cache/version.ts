/**
 * One version of an object as the cache holds it: its JSON once, as bytes outside the JavaScript heap, and beside them
 * only what selectors look at. Whoever needs more parses the bytes.
 */
import type { Kind, KubeObject } from '@flotilla/api';

export interface Version {
  /** The key in the store. */
  readonly key: string;
  /** The resourceVersion. */
  readonly revision: number;
  /** The object's JSON, resourceVersion included. */
  readonly bytes: Buffer;
  readonly labels: Readonly<Record<string, string>>;
  /** Values of the field labels that selectors of this kind may name. */
  readonly fields: Readonly<Record<string, string>>;
}

/** Of its own memory: a slice of a shared pool would keep the whole pool alive for as long as the version lives. */
function ownBytes(text: string): Buffer {
  const bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(text));
  bytes.write(text);
  return bytes;
}

const noLabels: Readonly<Record<string, string>> = {};

/** The object, as a new value at each call. */
export function parseVersion(version: Version): KubeObject {
  return JSON.parse(version.bytes.toString()) as KubeObject;
}

/** The same object with the resourceVersion that its position in the store gives it. */
export function withRevision<T extends KubeObject>(object: T, revision: number): T {
  return { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } };
}

export function versionOf(kind: Kind, key: string, object: KubeObject, revision: number): Version {
  const stamped = withRevision(object, revision);
  const fields: Record<string, string> = {};
  for (const [label, value] of Object.entries(kind.fieldSelectors)) fields[label] = value(stamped);
  return {
    key,
    revision,
    bytes: ownBytes(JSON.stringify(stamped)),
    labels: stamped.metadata.labels ?? noLabels,
    fields,
  };
}

/**
 * Reads a value of the store.
 * @throws SyntaxError or TypeError when it is no JSON object with metadata.
 */
export function decodeStored(value: Uint8Array): KubeObject {
  const object = JSON.parse(Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString()) as KubeObject;
  if (typeof object.metadata.name !== 'string') throw new TypeError('a stored object has no metadata.name');
  return object;
}

/** What the store keeps of an object: all but the resourceVersion, which is the key's mod revision. */
export function encodeStored(object: KubeObject): Buffer {
  const { resourceVersion: _, ...metadata } = object.metadata;
  return Buffer.from(JSON.stringify({ ...object, metadata }));
}

/** The last state of an object at the revision of its deletion, or of the write by which it left a selection. */
export function departedVersion(last: Version, revision: number): Version {
  const bytes = ownBytes(JSON.stringify(withRevision(parseVersion(last), revision)));
  return { ...last, revision, bytes };
}
