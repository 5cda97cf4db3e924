/**
 * One typed table of options a program: flags, environment variables, defaults, help text and docs all come
 * from it. All problems of a command line are reported at once.
 */
import { OperatingError } from './errors.ts';

interface OptionBase {
  /** What it does, for the help text; one line. */
  readonly help: string;
  /** Placeholder of the value in the help text. */
  readonly placeholder?: string;
}

export interface StringOption extends OptionBase {
  readonly kind: 'string';
  readonly default?: string;
  /** Returns what is wrong with a value, or undefined. */
  readonly check?: (value: string) => string | undefined;
}

export interface IntegerOption extends OptionBase {
  readonly kind: 'integer';
  readonly default?: number;
  readonly min?: number;
  readonly max?: number;
}

export interface BooleanOption extends OptionBase {
  readonly kind: 'boolean';
  readonly default?: boolean;
}

/** A comma-separated list. */
export interface ListOption extends OptionBase {
  readonly kind: 'list';
  readonly default?: readonly string[];
}

export type Option = StringOption | IntegerOption | BooleanOption | ListOption;

/** The table: flag name without dashes → option. */
export type OptionTable = Readonly<Record<string, Option>>;

type ValueOf<O extends Option> = O extends StringOption
  ? string
  : O extends IntegerOption
    ? number
    : O extends BooleanOption
      ? boolean
      : readonly string[];

/** The parsed values: with a default always present, without one possibly absent. */
export type OptionValues<T extends OptionTable> = {
  readonly [K in keyof T]: T[K] extends { default: unknown } ? ValueOf<T[K]> : ValueOf<T[K]> | undefined;
};

export interface ParseInput {
  readonly argv: readonly string[];
  /** Environment; an option `data-dir` is read from `${prefix}DATA_DIR`. A flag wins over the environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Prefix of the environment variables, e.g. `ETCD_`; none means the environment is not read. */
  readonly envPrefix?: string;
}

/** The environment variable of an option. */
export function environmentName(prefix: string, name: string): string {
  return prefix + name.replaceAll('-', '_').toUpperCase();
}

/**
 * Parses flags (`--name value`, `--name=value`, `--flag`, `--flag=false`, one dash as well) and environment.
 * @throws OperatingError code `INVALID_OPTIONS`, listing every problem.
 */
export function parseOptions<T extends OptionTable>(table: T, input: ParseInput): OptionValues<T> {
  const problems: string[] = [];
  const raw = new Map<string, string>();
  if (input.envPrefix !== undefined) {
    for (const name of Object.keys(table)) {
      const value = input.env[environmentName(input.envPrefix, name)];
      if (value !== undefined) raw.set(name, value);
    }
  }
  readFlags(table, input.argv, raw, problems);

  const values: Record<string, unknown> = {};
  for (const [name, option] of Object.entries(table)) {
    const text = raw.get(name);
    const value = text === undefined ? option.default : parseValue(name, option, text, problems);
    if (value !== undefined) values[name] = value;
  }
  if (problems.length > 0) throw new OperatingError('INVALID_OPTIONS', problems.join('\n'));
  return values as OptionValues<T>;
}

function readFlags(table: OptionTable, argv: readonly string[], raw: Map<string, string>, problems: string[]): void {
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i] ?? '';
    const match = /^--?([^=-][^=]*)(?:=(.*))?$/s.exec(word);
    const name = match?.[1];
    if (name === undefined) {
      problems.push(`unexpected argument "${word}"`);
      continue;
    }
    const option = table[name];
    if (!option) {
      problems.push(`unknown flag --${name}`);
      continue;
    }
    const attached = match?.[2];
    if (attached !== undefined) raw.set(name, attached);
    else if (option.kind === 'boolean') raw.set(name, 'true');
    else if (i + 1 < argv.length) raw.set(name, argv[++i] ?? '');
    else problems.push(`flag --${name} needs a value`);
  }
}

function parseValue(name: string, option: Option, text: string, problems: string[]): unknown {
  switch (option.kind) {
    case 'string': {
      const problem = option.check?.(text);
      if (problem !== undefined) problems.push(`--${name}: ${problem}`);
      return text;
    }
    case 'integer': {
      const value = Number(text);
      const { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER } = option;
      if (!Number.isSafeInteger(value) || text.trim() === '' || value < min || value > max) {
        problems.push(`--${name}: "${text}" is not a whole number${boundsText(option)}`);
      }
      return value;
    }
    case 'boolean':
      if (text !== 'true' && text !== 'false') problems.push(`--${name}: "${text}" is neither true nor false`);
      return text === 'true';
    case 'list':
      return text === '' ? [] : text.split(',').map((part) => part.trim());
  }
}

function boundsText({ min, max }: IntegerOption): string {
  if (min !== undefined && max !== undefined) return ` from ${min} to ${max}`;
  if (min !== undefined) return ` of at least ${min}`;
  return max === undefined ? '' : ` of at most ${max}`;
}

/** The help text of a table, a line an option. */
export function describeOptions(table: OptionTable, envPrefix?: string): string {
  const rows = Object.entries(table).map(([name, option]) => {
    const value = option.kind === 'boolean' ? '' : ` ${option.placeholder ?? option.kind.toUpperCase()}`;
    const shown = Array.isArray(option.default) ? option.default.join(',') : String(option.default);
    const fallback = option.default === undefined || shown === '' ? '' : ` (default ${shown})`;
    const env = envPrefix === undefined ? '' : ` [${environmentName(envPrefix, name)}]`;
    return { flag: `  --${name}${value}`, help: `${option.help}${fallback}${env}` };
  });
  const width = Math.max(...rows.map((row) => row.flag.length)) + 2;
  return rows.map((row) => row.flag.padEnd(width) + row.help).join('\n') + '\n';
}
