/**
 * What is wrong with one field: an outcome of validation, never thrown. The texts are Kubernetes' own (apimachinery
 * `validation/field`): clients and tests match on them.
 */

/** The `reason` of a cause in a Status of reason Invalid. */
export type FieldErrorType =
  | 'FieldValueNotFound'
  | 'FieldValueRequired'
  | 'FieldValueDuplicate'
  | 'FieldValueInvalid'
  | 'FieldValueNotSupported'
  | 'FieldValueForbidden'
  | 'FieldValueTooLong'
  | 'FieldValueTooMany'
  | 'FieldValueTypeInvalid'
  | 'InternalError';

export interface FieldError {
  readonly type: FieldErrorType;
  /** Path such as `spec.containers[0].name`. */
  readonly field: string;
  /** Text without the path: `Invalid value: "x": must be …`. */
  readonly message: string;
}

/** Whether the value is shown depends on the error; strings are quoted, numbers and booleans plain, the rest as JSON. */
function shown(value: unknown): string {
  if (value === undefined || value === null) return 'null';
  if (typeof value === 'string') return quoted(value);
  return JSON.stringify(value);
}

/** Go's %q for the printable characters that names and values hold. */
export function quoted(text: string): string {
  return JSON.stringify(text);
}

function detailed(prefix: string, detail: string): string {
  return detail === '' ? prefix : `${prefix}: ${detail}`;
}

export function missing(field: string, detail = ''): FieldError {
  return { type: 'FieldValueRequired', field, message: detailed('Required value', detail) };
}
export function invalid(field: string, value: unknown, detail: string): FieldError {
  return { type: 'FieldValueInvalid', field, message: detailed(`Invalid value: ${shown(value)}`, detail) };
}
export function notSupported(field: string, value: unknown, supported: readonly string[]): FieldError {
  const values = supported.map(quoted).join(', ');
  return {
    type: 'FieldValueNotSupported',
    field,
    message: `Unsupported value: ${shown(value)}: supported values: ${values}`,
  };
}
export function duplicate(field: string, value: unknown): FieldError {
  return { type: 'FieldValueDuplicate', field, message: `Duplicate value: ${shown(value)}` };
}
export function forbidden(field: string, detail: string): FieldError {
  return { type: 'FieldValueForbidden', field, message: detailed('Forbidden', detail) };
}
export function notFound(field: string, value: unknown): FieldError {
  return { type: 'FieldValueNotFound', field, message: `Not found: ${shown(value)}` };
}
export function tooLong(field: string, maxLength: number): FieldError {
  return { type: 'FieldValueTooLong', field, message: `Too long: may not be more than ${maxLength} bytes` };
}
export function tooMany(field: string, actual: number, max: number): FieldError {
  return { type: 'FieldValueTooMany', field, message: `Too many: ${actual}: must have at most ${max} items` };
}
/** `spec.containers[0].name: Required value`, as one error reads in a message. */
export function fieldErrorText(error: FieldError): string {
  return `${error.field}: ${error.message}`;
}
