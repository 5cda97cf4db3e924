/**
 * A few combinators that turn a parsed document into a typed value. A schema never throws: it reports each problem with its path
 * and goes on, so that one run names them all. An unknown field is a problem too: a misspelt one must not be silently ignored.
 */

/** Where in the document something stands, as keys and list positions. */
export type Path = readonly (string | number)[];

export interface Problem {
  readonly path: Path;
  /** What is wrong and what to write instead. */
  readonly message: string;
}

export type Report = (path: Path, message: string) => void;

/** Reads a value, reporting what is wrong with it; the result is only of use when nothing was reported. */
export type Schema<T> = (value: unknown, path: Path, report: Report) => T;

/** `brain.members[1].clientPort` */
export function pathText(path: Path): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    return text === '' ? part : `${text}.${part}`;
  }, '');
}

function shown(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value);
}

export function integer(bounds: { min: number; max: number }): Schema<number> {
  return (value, path, report) => {
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= bounds.min && value <= bounds.max)
      return value;
    report(path, `must be a whole number from ${bounds.min} to ${bounds.max}, not ${shown(value)}`);
    return bounds.min;
  };
}

export const boolean: Schema<boolean> = (value, path, report) => {
  if (typeof value !== 'boolean') report(path, `must be true or false, not ${shown(value)}`);
  return value === true;
};

/** @param meaning what a right value looks like, to follow "must be". */
export function text(pattern: RegExp, meaning: string): Schema<string> {
  return (value, path, report) => {
    if (typeof value === 'string' && pattern.test(value)) return value;
    report(path, `must be ${meaning}, not ${shown(value)}`);
    return '';
  };
}

export function oneOf<const T extends string>(choices: readonly [T, ...T[]]): Schema<T> {
  return (value, path, report) => {
    const choice = choices.find((candidate) => candidate === value);
    if (choice === undefined) report(path, `must be one of ${choices.join(', ')}, not ${shown(value)}`);
    return choice ?? choices[0];
  };
}

/** What stands there when the field is left out. */
export function optional<T>(schema: Schema<T>, fallback: T): Schema<T> {
  return (value, path, report) => (value === undefined || value === null ? fallback : schema(value, path, report));
}

export function list<T>(item: Schema<T>, bounds: { min: number; max: number }): Schema<readonly T[]> {
  return (value, path, report) => {
    if (!Array.isArray(value) || value.length < bounds.min || value.length > bounds.max) {
      report(path, `must be a list of ${bounds.min} to ${bounds.max} entries`);
      return [];
    }
    return value.map((entry: unknown, i) => item(entry, [...path, i], report));
  };
}

/** A mapping with exactly these fields. */
export function record<T extends object>(fields: { readonly [K in keyof T]: Schema<T[K]> }): Schema<T> {
  return (value, path, report) => {
    const given = asMapping(value);
    if (!given) report(path, `must be a mapping with ${Object.keys(fields).join(', ')}`);
    for (const key of Object.keys(given ?? {})) {
      if (!(key in fields)) report([...path, key], `is not known here; known are ${Object.keys(fields).join(', ')}`);
    }
    const read: Partial<T> = {};
    for (const key in fields) {
      // Without a mapping one problem was reported for all fields.
      read[key] = fields[key](given?.[key], [...path, key], given ? report : () => undefined);
    }
    return read as T;
  };
}

function asMapping(value: unknown): Readonly<Record<string, unknown>> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return value as Readonly<Record<string, unknown>>;
}
