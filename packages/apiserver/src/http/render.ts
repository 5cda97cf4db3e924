/** Objects, lists and watch events as bytes, in the shape that was negotiated. */
import { type IncludeObject, type Kind, type KubeObject, type ListMeta, tableOf } from '@flotilla/api';
import type { Version } from '../cache/version.ts';
import { parseVersion } from '../cache/version.ts';
import type { WatchOutput } from '../cache/watcher.ts';
import type { ListResult } from '../registry/list.ts';
import type { Shape } from './negotiate.ts';

export interface Rendering {
  readonly kind: Kind;
  readonly shape: Shape;
  readonly includeObject: IncludeObject;
  readonly nowMs: number;
}

function metadataOnly({ metadata }: KubeObject): unknown {
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata };
}

function table(
  { kind, includeObject, nowMs }: Rendering,
  objects: readonly KubeObject[],
  metadata: ListMeta,
  withDefinitions: boolean,
): unknown {
  return tableOf(kind, objects, { metadata, includeObject, nowMs, withDefinitions });
}

/** An object of the rendering's kind. */
export function renderObject(rendering: Rendering, object: KubeObject): string {
  switch (rendering.shape) {
    case 'object':
      return JSON.stringify(object);
    case 'metadata':
      return JSON.stringify(metadataOnly(object));
    case 'table':
      return JSON.stringify(table(rendering, [object], { resourceVersion: object.metadata.resourceVersion }, true));
  }
}

function listMeta({ revision, continue: token, remainingItemCount }: ListResult): ListMeta {
  return {
    resourceVersion: String(revision),
    ...(token !== '' && { continue: token }),
    ...(remainingItemCount !== undefined && { remainingItemCount }),
  };
}

/** A list of objects takes their bytes as the cache holds them. */
export function renderList(rendering: Rendering, list: ListResult): Buffer {
  const { kind, shape } = rendering;
  const metadata = listMeta(list);
  switch (shape) {
    case 'object': {
      const head = JSON.stringify({ kind: kind.listKind, apiVersion: kind.apiVersion, metadata });
      return Buffer.concat([
        Buffer.from(`${head.slice(0, -1)},"items":[`),
        ...joined(list.versions),
        Buffer.from(']}'),
      ]);
    }
    case 'metadata': {
      const items = list.versions.map((version) => metadataOnly(parseVersion(version)));
      return Buffer.from(
        JSON.stringify({ kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1', metadata, items }),
      );
    }
    case 'table':
      return Buffer.from(JSON.stringify(table(rendering, list.versions.map(parseVersion), metadata, true)));
  }
}

const comma = Buffer.from(',');

function joined(versions: readonly Version[]): Buffer[] {
  return versions.flatMap(({ bytes }, index) => (index === 0 ? [bytes] : [comma, bytes]));
}

/** A line of a watch stream, in pieces. Only the first table of a stream names its columns. */
export function renderWatchOutput(
  rendering: Rendering,
  output: WatchOutput,
  isFirst: boolean,
): readonly (Buffer | string)[] {
  const head = `{"type":"${output.type}","object":`;
  return [head, watchedObject(rendering, output, isFirst), '}\n'];
}

function watchedObject(rendering: Rendering, output: WatchOutput, isFirst: boolean): Buffer | string {
  if (output.type === 'BOOKMARK') return JSON.stringify(bookmarkObject(rendering, output, isFirst));
  const { bytes, revision } = output.version;
  if (rendering.shape === 'object') return bytes;
  const object = parseVersion(output.version);
  if (rendering.shape === 'metadata') return JSON.stringify(metadataOnly(object));
  return JSON.stringify(table(rendering, [object], { resourceVersion: String(revision) }, isFirst));
}

/** Has nothing but a resourceVersion. */
export function bookmarkObject(
  rendering: Rendering,
  { revision, initialEventsEnd }: Extract<WatchOutput, { type: 'BOOKMARK' }>,
  isFirst: boolean,
): unknown {
  const { kind, shape } = rendering;
  const resourceVersion = String(revision);
  if (shape === 'table') return table(rendering, [], { resourceVersion }, isFirst);
  const metadata = {
    resourceVersion,
    creationTimestamp: null,
    ...(initialEventsEnd && { annotations: { 'k8s.io/initial-events-end': 'true' } }),
  };
  if (shape === 'metadata') return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata };
  return { kind: kind.kind, apiVersion: kind.apiVersion, metadata };
}
