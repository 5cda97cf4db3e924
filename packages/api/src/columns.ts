/** Columns that many kinds share, and short ways to make others. */
import { age } from './duration.ts';
import type { Cell, CellContext, Column } from './kind.ts';
import type { KubeObject } from './object.ts';
import type { StringMap } from './schema/build.ts';

type CellOf<T extends KubeObject> = (object: T, context: CellContext) => Cell;

interface Named {
  readonly name: string;
  readonly description: string;
}

export function text<T extends KubeObject>({ name, description }: Named, cell: CellOf<T>): Column<T> {
  return { name, type: 'string', format: '', description, priority: 0, cell };
}
export function integer<T extends KubeObject>({ name, description }: Named, cell: CellOf<T>): Column<T> {
  return { name, type: 'integer', format: '', description, priority: 0, cell };
}
/** Shown with `-o wide` only. */
export function wide<T extends KubeObject>(column: Column<T>): Column<T> {
  return { ...column, priority: 1 };
}

export const nameColumn: Column = {
  name: 'Name',
  type: 'string',
  format: 'name',
  description: 'Name of the object, unique in its namespace.',
  priority: 0,
  cell: ({ metadata }) => metadata.name,
};

export const ageColumn: Column = text(
  { name: 'Age', description: 'Time since the object was created.' },
  ({ metadata }, { nowMs }) => age(metadata.creationTimestamp, nowMs),
);

/** What kubectl prints where there is nothing. */
export const none = '<none>';

export function joined(values: readonly string[] | undefined): string {
  return values === undefined || values.length === 0 ? none : values.join(',');
}

/** `a=1,b=2`, in the order of the keys. */
export function labelsText(labels: StringMap | undefined): string {
  return joined(
    Object.entries(labels ?? {})
      .map(([key, value]) => `${key}=${value}`)
      .sort(),
  );
}
