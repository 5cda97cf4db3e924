/** Field selectors: `spec.nodeName=a,status.phase!=Failed`. Only labels that the kind lists may be asked for. */
import type { Kind } from '../kind.ts';
import type { KubeObject } from '../object.ts';
import { badRequest } from '../status.ts';

export interface FieldRequirement {
  readonly label: string;
  readonly equal: boolean;
  readonly value: string;
}
export type FieldRequirements = readonly FieldRequirement[];

/** Splits at commas that no backslash escapes. */
function termsOf(text: string): string[] {
  return text.match(/(?:\\.|[^,\\])+/gsu) ?? [];
}

/** `\\`, `\,` and `\=` stand for the character itself; other escapes, and a bare `=` in a value, are refused. */
function unescaped(value: string): string {
  return value.replace(/\\(.?)|=/gsu, (whole, char: string | undefined) => {
    if (char !== undefined && ['\\', ',', '='].includes(char)) return char;
    throw badRequest(
      char === undefined
        ? `invalid field selector: unescaped character in value: ${whole}`
        : `invalid field selector: invalid escape sequence: ${whole}`,
    );
  });
}

function parseTerm(term: string, whole: string): FieldRequirement {
  const match = /^(.*?)(!=|==|=)(.*)$/su.exec(term);
  const [, label, operator, value] = match ?? [];
  if (label === undefined || value === undefined)
    throw badRequest(`invalid selector: '${whole}'; can't understand '${term}'`);
  return { label, equal: operator !== '!=', value: unescaped(value) };
}

/** Throws BadRequest on bad syntax and on labels that the kind does not know, with Kubernetes' text. */
export function parseFieldSelector(text: string, { fieldSelectors }: Pick<Kind, 'fieldSelectors'>): FieldRequirements {
  const requirements = termsOf(text).map((term) => parseTerm(term, text));
  for (const { label } of requirements)
    if (!Object.hasOwn(fieldSelectors, label)) throw unknownLabel(label, fieldSelectors);
  return requirements;
}

/** Kinds that have nothing but name and namespace answer differently. */
function unknownLabel(label: string, known: Kind['fieldSelectors']): Error {
  const own = Object.keys(known).some((name) => name !== 'metadata.name' && name !== 'metadata.namespace');
  if (own) return badRequest(`field label not supported: ${label}`);
  return badRequest(
    `${JSON.stringify(label)} is not a known field selector: only "metadata.name", "metadata.namespace"`,
  );
}

export function matchesFields<T extends KubeObject>(
  requirements: FieldRequirements,
  { fieldSelectors }: Pick<Kind<T>, 'fieldSelectors'>,
  object: T,
): boolean {
  return requirements.every(({ label, equal, value }) => (fieldSelectors[label]?.(object) === value) === equal);
}
