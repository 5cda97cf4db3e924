/**
 * JSON web tokens: signed claims of user and auth revision, so that no member has to remember them. A token of an older auth
 * revision is valid, and refused where keys are asked for.
 */
import { type KeyObject, createPrivateKey, createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type Clock, OperatingError, messageOf } from '@flotilla/base';
import { toRpcError } from '@flotilla/store';
import { clampInteger } from '@flotilla/wire';
import { SignJWT, jwtVerify } from 'jose';
import type { JwtSettings } from './token-options.ts';
import type { Tokens } from './tokens.ts';

type Key = KeyObject | Uint8Array;

export interface JwtKeys {
  /** Absent: tokens of others are verified, none are issued. */
  readonly sign: Key | undefined;
  readonly verify: Key;
}

/** @throws OperatingError code `INVALID_OPTIONS` for keys that are missing, can't be read, or don't belong together. */
export function loadJwtKeys({ signMethod, privateKeyFile, publicKeyFile }: JwtSettings): JwtKeys {
  const privateKey = privateKeyFile === undefined ? undefined : read('priv-key', privateKeyFile);
  if (signMethod.startsWith('HS')) {
    if (!privateKey || privateKey.length === 0) throw invalid(`${signMethod} needs priv-key`);
    return { sign: privateKey, verify: privateKey };
  }
  const publicKey = publicKeyFile === undefined ? undefined : read('pub-key', publicKeyFile);
  const sign = privateKey && parse(`priv-key ${privateKeyFile}`, () => createPrivateKey(privateKey));
  const verify = publicKey && parse(`pub-key ${publicKeyFile}`, () => createPublicKey(publicKey));
  if (!sign) {
    if (!verify) throw invalid(`${signMethod} needs priv-key, or pub-key where tokens are only verified`);
    return { sign: undefined, verify };
  }
  const derived = createPublicKey(sign);
  if (verify && !verify.equals(derived)) throw invalid('pub-key and priv-key do not belong together');
  return { sign, verify: derived };
}

export function jwtTokens(
  { signMethod, ttlMs }: JwtSettings,
  { keys, clock }: { readonly keys: JwtKeys; readonly clock: Clock },
): Tokens {
  return {
    async callerOf(token) {
      try {
        const options = { algorithms: [signMethod], currentDate: new Date(clock.wallMs()) };
        const { payload } = await jwtVerify(token, keys.verify, options);
        const { username: name, revision: authRevision } = payload;
        if (typeof name !== 'string' || typeof authRevision !== 'number') return undefined;
        return { name, authRevision: clampInteger(Math.max(0, Math.trunc(authRevision))) };
      } catch {
        // Whatever is wrong with it, the caller learns that it is not valid.
        return undefined;
      }
    },
    async issue({ user, authRevision }) {
      if (!keys.sign) throw toRpcError('tokenVerifyOnly');
      const expiresSeconds = Math.floor((clock.wallMs() + ttlMs) / 1000);
      return await new SignJWT({ username: user, revision: authRevision })
        .setProtectedHeader({ alg: signMethod, typ: 'JWT' })
        .setExpirationTime(expiresSeconds)
        .sign(keys.sign);
    },
  };
}

function read(option: string, file: string): Uint8Array & Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw invalid(`${option} can't be read (${messageOf(error)})`, error);
  }
}

function parse(what: string, create: () => KeyObject): KeyObject {
  try {
    return create();
  } catch (error) {
    throw invalid(`${what} is no key in PEM (${messageOf(error)})`, error);
  }
}

function invalid(problem: string, cause?: unknown): OperatingError {
  return new OperatingError('INVALID_OPTIONS', `--auth-token: ${problem}`, { cause });
}
