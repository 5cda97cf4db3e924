/** The option `--auth-token`: `simple`, or `jwt` with `sign-method`, `pub-key`, `priv-key` (files) and `ttl`. */

export interface JwtSettings {
  readonly kind: 'jwt';
  readonly signMethod: string;
  readonly publicKeyFile: string | undefined;
  readonly privateKeyFile: string | undefined;
  readonly ttlMs: number;
}

export type TokenSettings = { readonly kind: 'simple' } | JwtSettings;

const signMethods = ['RS', 'PS', 'ES', 'HS'].flatMap((family) => [256, 384, 512].map((bits) => `${family}${bits}`));
const jwtOptions = ['sign-method', 'pub-key', 'priv-key', 'ttl'];
const defaultTtlMs = 5 * 60_000;

/** @returns the settings, or what is wrong with the text. */
export function parseTokenOptions(
  text: string,
  durationMs: (text: string) => number | undefined,
): TokenSettings | string {
  const [kind = '', ...rest] = text.split(',');
  if (kind === 'simple') return { kind };
  if (kind !== 'jwt') return `"${kind}" is neither simple nor jwt`;
  const given = new Map<string, string>();
  for (const option of rest) {
    const [name = '', value, ...more] = option.split('=');
    if (value === undefined || more.length > 0) return `"${option}" is not NAME=VALUE`;
    if (!jwtOptions.includes(name)) return `"${name}" is none of ${jwtOptions.join(', ')}`;
    if (given.has(name)) return `${name} is given twice`;
    given.set(name, value);
  }
  const signMethod = given.get('sign-method') ?? '';
  if (signMethod !== 'EdDSA' && !signMethods.includes(signMethod)) {
    return `sign-method "${signMethod}" is none of EdDSA, ${signMethods.join(', ')}`;
  }
  const ttl = given.get('ttl');
  const ttlMs = ttl === undefined ? defaultTtlMs : durationMs(ttl);
  if (ttlMs === undefined) return `ttl "${ttl}" is not a duration like 5m`;
  return { kind, signMethod, publicKeyFile: given.get('pub-key'), privateKeyFile: given.get('priv-key'), ttlMs };
}
