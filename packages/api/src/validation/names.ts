/**
 * The name formats of Kubernetes and what it says when a value does not fit (apimachinery `util/validation`). Each check returns
 * the texts of what is wrong; none means that the value fits.
 */

interface Format {
  readonly pattern: string;
  readonly maxLength: number;
  readonly text: string;
  readonly examples: readonly string[];
}

const label: Format = {
  pattern: '[a-z0-9]([-a-z0-9]*[a-z0-9])?',
  maxLength: 63,
  text: "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
  examples: ['my-name', '123-abc'],
};
const subdomain: Format = {
  pattern: '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*',
  maxLength: 253,
  text: "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
  examples: ['example.com'],
};
const serviceLabel: Format = {
  pattern: '[a-z]([-a-z0-9]*[a-z0-9])?',
  maxLength: 63,
  text: "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
  examples: ['my-name', 'abc-123'],
};
const qualifiedPart: Format = {
  pattern: '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]',
  maxLength: 63,
  text: "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  examples: ['MyName', 'my.name', '123-abc'],
};
const labelValue: Format = {
  pattern: '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?',
  maxLength: 63,
  text: "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  examples: ['MyValue', 'my_value', '12345'],
};
const envName: Format = {
  pattern: '[-._a-zA-Z][-._a-zA-Z0-9]*',
  maxLength: Infinity,
  text: "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit",
  examples: ['my.env-name', 'MY_ENV.NAME', 'MyEnvName1'],
};
const configKey: Format = {
  pattern: '[-._a-zA-Z0-9]+',
  maxLength: 253,
  text: "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
  examples: ['key.name', 'KEY_NAME', 'key-name'],
};
const httpHeader: Format = {
  pattern: '[-A-Za-z0-9]+',
  maxLength: Infinity,
  text: "a valid HTTP header must consist of alphanumeric characters or '-'",
  examples: ['X-Header-Name'],
};

export function tooLongText(maxLength: number): string {
  return `must be no more than ${maxLength} characters`;
}

/** `must … (e.g. 'a',  or 'b', regex used for validation is '…')`; the double space is Kubernetes'. */
function formatText({ pattern, text, examples }: Format): string {
  return `${text} (e.g. ${examples.map((example) => `'${example}', `).join(' or ')}regex used for validation is '${pattern}')`;
}

function checker(format: Format): (value: string) => readonly string[] {
  const whole = new RegExp(`^(?:${format.pattern})$`, 'u');
  const text = formatText(format);
  return (value) => [
    ...(value.length > format.maxLength ? [tooLongText(format.maxLength)] : []),
    ...(whole.test(value) ? [] : [text]),
  ];
}

export const dnsLabelProblems = checker(label);
export const dnsSubdomainProblems = checker(subdomain);
export const dns1035LabelProblems = checker(serviceLabel);
export const labelValueProblems = checker(labelValue);
export const httpHeaderProblems = checker(httpHeader);
const partProblems = checker(qualifiedPart);
const envNameShape = checker(envName);
const configKeyShape = checker(configKey);

/** `name` or `example.com/name`, the form of label keys, finalizers and resource names. */
export function qualifiedNameProblems(value: string): readonly string[] {
  const parts = value.split('/');
  if (parts.length > 2) {
    return [
      `a qualified name ${formatText(qualifiedPart)} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  const name = parts.at(-1) ?? '';
  const prefix = parts.length === 2 ? parts[0] : undefined;
  return [
    ...(prefix === undefined ? [] : prefixProblems(prefix)),
    ...(name === '' ? ['name part must be non-empty'] : []),
    ...partProblems(name).map((text) => `name part ${text}`),
  ];
}

function prefixProblems(prefix: string): readonly string[] {
  if (prefix === '') return ['prefix part must be non-empty'];
  return dnsSubdomainProblems(prefix).map((text) => `prefix part ${text}`);
}

function pathLike(value: string): readonly string[] {
  if (value === '.') return ["must not be '.'"];
  if (value === '..') return ["must not be '..'"];
  return value.startsWith('..') ? ["must not start with '..'"] : [];
}

export function envNameProblems(value: string): readonly string[] {
  return [...envNameShape(value), ...pathLike(value)];
}
export function configKeyProblems(value: string): readonly string[] {
  return [...configKeyShape(value), ...pathLike(value)];
}

/** Names of ports, as IANA's service registry has them. */
export function portNameProblems(value: string): readonly string[] {
  return [
    ...(value.length > 15 ? ['must be no more than 15 characters'] : []),
    ...(/^[-a-z0-9]+$/u.test(value) ? [] : ['must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)']),
    ...(/[a-z]/u.test(value) ? [] : ['must contain at least one letter (a-z)']),
    ...(value.includes('--') ? ['must not contain consecutive hyphens'] : []),
    ...(value.startsWith('-') || value.endsWith('-') ? ['must not begin or end with a hyphen'] : []),
  ];
}

export function portNumberProblems(port: number): readonly string[] {
  return port >= 1 && port <= 65535 ? [] : ['must be between 1 and 65535, inclusive'];
}
