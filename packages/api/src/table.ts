/** Tables: what `kubectl get` prints, computed here from the columns of the kind (`meta.k8s.io/v1 Table`). */
import type { Cell, Kind } from './kind.ts';
import type { KubeObject } from './object.ts';
import type { ListMeta } from './meta/object-meta.ts';

/** What each row carries beside its cells: the query parameter `includeObject`. */
export type IncludeObject = 'None' | 'Metadata' | 'Object';

export interface ColumnDefinition {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  readonly description: string;
  readonly priority: number;
}

export interface TableRow {
  readonly cells: readonly Cell[];
  readonly object?: unknown;
}

export interface Table {
  readonly kind: 'Table';
  readonly apiVersion: 'meta.k8s.io/v1';
  readonly metadata: ListMeta;
  /** Absent in all watch events but the first. */
  readonly columnDefinitions?: readonly ColumnDefinition[];
  readonly rows: readonly TableRow[];
}

export interface TableOptions {
  readonly metadata: ListMeta;
  readonly nowMs: number;
  readonly includeObject: IncludeObject;
  readonly withDefinitions: boolean;
}

function rowObject(object: KubeObject, include: IncludeObject): unknown {
  if (include === 'None') return undefined;
  if (include === 'Object') return object;
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata };
}

function columnDefinitions({ columns }: Kind): readonly ColumnDefinition[] {
  return columns.map(({ name, type, format, description, priority }) => ({
    name,
    type,
    format,
    description,
    priority,
  }));
}

export function tableOf(kind: Kind, objects: readonly KubeObject[], options: TableOptions): Table {
  const { metadata, nowMs, includeObject, withDefinitions } = options;
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata,
    ...(withDefinitions && { columnDefinitions: columnDefinitions(kind) }),
    rows: objects.map((object) => ({
      cells: kind.columns.map((column) => column.cell(object, { nowMs })),
      object: rowObject(object, includeObject),
    })),
  };
}
