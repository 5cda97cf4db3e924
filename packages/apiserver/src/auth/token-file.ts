/**
 * The static token file of kube-apiserver's `--token-auth-file`: CSV lines `token,user,uid[,"group1,group2"]`. Tokens are
 * kept and compared as digests, so that the time of a comparison tells nothing.
 */
import { createHash } from 'node:crypto';
import { OperatingError } from '@flotilla/base';
import { type User, authenticated } from './user.ts';

export interface Tokens {
  find(token: string): User | undefined;
}

export const noTokens: Tokens = { find: () => undefined };

/** @throws OperatingError `INVALID_TOKEN_FILE`, naming the line. */
export function parseTokenFile(text: string, path: string): Tokens {
  const users = new Map<string, User>();
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const [token = '', name = '', uid = '', groups = ''] = splitCsv(line);
    if (token === '' || name === '' || uid === '') {
      throw new OperatingError('INVALID_TOKEN_FILE', `${path}, line ${index + 1}: expected token,user,uid[,"groups"]`);
    }
    users.set(
      digest(token),
      authenticated(
        name,
        groups.split(',').filter((group) => group !== ''),
      ),
    );
  }
  return { find: (token) => users.get(digest(token)) };
}

function splitCsv(line: string): string[] {
  const cells = line.match(/("([^"]|"")*"|[^,]*)(,|$)/g) ?? [];
  return cells.map((cell) =>
    cell
      .replace(/,$/, '')
      .trim()
      .replace(/^"(.*)"$/s, '$1')
      .replaceAll('""', '"'),
  );
}

function digest(token: string): string {
  return createHash('sha256').update(token).digest('base64');
}
