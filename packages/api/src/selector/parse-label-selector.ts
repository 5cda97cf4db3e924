/** The query-string form of label selectors: `app=web,tier in (a,b),env!=dev,x notin (y),partition,!legacy,size>3`. */
import { labelValueProblems, qualifiedNameProblems } from '../validation/names.ts';
import { badRequest } from '../status.ts';
import { fieldErrorText, invalid } from '../field-error.ts';
import type { LabelOperator, LabelRequirement, LabelRequirements } from './label-selector.ts';

const symbols = ['==', '!=', '=', '!', '(', ')', ',', '>', '<'];
const binaryOperators: Readonly<Record<string, LabelOperator>> = {
  '=': 'in',
  '==': 'in',
  '!=': 'notin',
  in: 'in',
  notin: 'notin',
  '>': 'greater',
  '<': 'less',
};
/** In this order they stand in Kubernetes' error text. */
const expectedOperators = 'in, notin, =, ==, !=, gt, lt';

function tokensOf(text: string): string[] {
  return text.match(/==|!=|[=!(),<>]|[^\s=!(),<>]+/gu) ?? [];
}

function isWord(token: string | undefined): token is string {
  return token !== undefined && !symbols.includes(token);
}

function unexpected(found: string | undefined, expected: string): Error {
  return badRequest(`unable to parse requirement: found '${found ?? ''}', expected: ${expected}`);
}

/** Reads tokens from the left; `take` past the end gives undefined. */
interface Tokens {
  peek(): string | undefined;
  take(): string | undefined;
}

function reader(tokens: readonly string[]): Tokens {
  let position = 0;
  return { peek: () => tokens[position], take: () => tokens[position++] };
}

/** `a,b)` after the opening parenthesis. A missing value, as in `(a,)`, is the empty string. */
function valueSet(tokens: Tokens): Set<string> {
  const values = new Set<string>();
  for (;;) {
    values.add(isWord(tokens.peek()) ? (tokens.take() ?? '') : '');
    const next = tokens.take();
    if (next === ')') return values;
    if (next !== ',') throw unexpected(next, "',' or ')'");
  }
}

function valuesOf(operator: string, tokens: Tokens): Set<string> {
  if (operator === 'in' || operator === 'notin') {
    const open = tokens.take();
    if (open !== '(') throw unexpected(open, "'('");
    return valueSet(tokens);
  }
  const next = tokens.peek();
  if (next === undefined || next === ',') return new Set(['']);
  if (!isWord(next)) throw unexpected(next, 'identifier');
  return new Set([tokens.take() ?? '']);
}

function requirement(tokens: Tokens): LabelRequirement {
  const negated = tokens.peek() === '!';
  if (negated) tokens.take();
  const key = tokens.take();
  if (!isWord(key)) throw unexpected(key, "!, identifier, or 'end of string'");
  const next = tokens.peek();
  if (negated || next === undefined || next === ',')
    return { key, operator: negated ? 'missing' : 'exists', values: new Set() };
  const operator = binaryOperators[next];
  if (operator === undefined) throw unexpected(next, expectedOperators);
  tokens.take();
  return { key, operator, values: valuesOf(next, tokens) };
}

function check({ key, operator, values }: LabelRequirement): void {
  const [keyProblem] = qualifiedNameProblems(key);
  if (keyProblem !== undefined)
    throw badRequest(`unable to parse requirement: ${fieldErrorText(invalid('key', key, keyProblem))}`);
  for (const value of values) {
    const isBound = operator === 'greater' || operator === 'less';
    const problem = isBound ? boundProblem(value) : labelValueProblems(value)[0];
    if (problem === undefined) continue;
    const path = isBound ? 'values[0]' : `values[0][${key}]`;
    throw badRequest(`unable to parse requirement: ${fieldErrorText(invalid(path, value, problem))}`);
  }
}

function boundProblem(value: string): string | undefined {
  return /^[+-]?[0-9]+$/u.test(value) ? undefined : "for 'Gt', 'Lt' operators, the value must be an integer";
}

/** The empty string selects everything. Throws BadRequest with Kubernetes' text. */
export function parseLabelSelector(text: string): LabelRequirements {
  const tokens = reader(tokensOf(text));
  const requirements: LabelRequirement[] = [];
  while (tokens.peek() !== undefined) {
    const parsed = requirement(tokens);
    check(parsed);
    requirements.push(parsed);
    const next = tokens.take();
    if (next === undefined) break;
    if (next !== ',') throw unexpected(next, "',' or 'end of string'");
    if (tokens.peek() === undefined) throw unexpected('', "identifier after ','");
  }
  return requirements;
}
