/** A store with users and roles, driven by entries as members propose them. */
import { authpb, type etcdserverpb } from '@flotilla/wire';
import { type Caller, type Outcome, type Store, type StoreErrorCode, createStore } from '@flotilla/store';
import { type RequestType, applyData, entryData } from './server.ts';

export const { READ, WRITE, READWRITE } = authpb.Permission.Type;

export const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');

export interface AuthStore {
  readonly store: Store;
  /** Applies an entry of a caller: `ok`, or the code of the refusal. */
  apply(type: RequestType, request: object, caller?: Caller): StoreErrorCode | 'ok';
  /** A user as its token would tell now. */
  as(name: string): Caller;
  /** A role with one permission. */
  allow(role: string, type: authpb.Permission.Type, key: string, rangeEnd?: string): StoreErrorCode | 'ok';
  /** Makes root and turns authentication on. */
  enable(): void;
}

export function authStore(store: Store = createStore()): AuthStore {
  const as = (name: string): Caller => ({ name, authRevision: store.auth.revision });
  const apply: AuthStore['apply'] = (type, request, caller) =>
    codeOf(applyData(store, entryData(type, request, caller)));
  const asRoot = (type: RequestType, request: object): StoreErrorCode | 'ok' =>
    apply(type, request, store.auth.enabled ? as('root') : undefined);
  return {
    store,
    apply,
    as,
    allow(role, permType, key, rangeEnd = '') {
      const perm = { permType, key: bytes(key), range_end: bytes(rangeEnd) };
      return asRoot('roleGrantPermission', { name: role, perm });
    },
    enable() {
      for (const [type, request] of [
        ['userAdd', { name: 'root', hashedPassword: 'AAAA' }],
        ['userGrantRole', { user: 'root', role: 'root' }],
        ['authEnable', {}],
      ] as const) {
        asRoot(type, request);
      }
    },
  };
}

/** Adds users that hold one role each, of the same name. */
export function addUsers({ apply, as, store }: AuthStore, ...names: readonly string[]): void {
  for (const name of names) {
    const caller = store.auth.enabled ? as('root') : undefined;
    apply('userAdd', { name, hashedPassword: 'AAAA' }, caller);
    apply('roleAdd', { name }, caller);
    apply('userGrantRole', { user: name, role: name }, caller);
  }
}

export function codeOf(outcome: Outcome<unknown>): StoreErrorCode | 'ok' {
  return outcome.ok ? 'ok' : outcome.error.code;
}

export function read(
  { store }: AuthStore,
  request: etcdserverpb.RangeRequest.$Properties,
  caller?: Caller,
): StoreErrorCode | 'ok' {
  return codeOf(store.range(request, caller));
}
