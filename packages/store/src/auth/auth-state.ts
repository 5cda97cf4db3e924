/**
 * Users, roles, whether authentication is on, and the auth revision: replicated state, changed by entries alone (`apply-auth.ts`).
 *
 * Invariants: while authentication is on there is a user root with the role root. The auth revision grows with every change but
 * that which turns authentication on. A user's roles are sorted; a role that is gone is no user's.
 */
import { assert } from '@flotilla/base';
import { authpb } from '@flotilla/wire';
import type { StoreErrorCode } from '../errors.ts';
import { intervalOf } from '../interval.ts';
import { KeyRanges } from './key-ranges.ts';
import type { Permission } from './permission.ts';

/** User and role that may do everything. */
export const root = 'root';

export interface User {
  readonly name: string;
  /** As bcrypt writes it; empty: no password fits. */
  readonly passwordHash: Uint8Array;
  /** Is known by a certificate only. */
  readonly noPassword: boolean;
  readonly roles: readonly string[];
}

export interface Role {
  readonly name: string;
  /** Sorted by key. */
  readonly permissions: readonly Permission[];
}

/** Who asks, and the auth revision of that knowledge. */
export interface Caller {
  readonly name: string;
  readonly authRevision: number;
}

/** The keys of a request, as it names them. */
export interface RequestedKeys {
  readonly key?: Uint8Array | null;
  readonly range_end?: Uint8Array | null;
}

/** Told of what became of sessions, as it is applied. */
export interface AuthObserver {
  /** A user proved its password, and holds this token from now on. */
  authenticated(session: { readonly user: string; readonly token: string }): void;
  /** Tokens of this user are void. */
  invalidated(user: string): void;
  /** All tokens are void. */
  disabled(): void;
}

/** What others may see of users and roles, and ask about a caller. `undefined` for a caller: nobody in particular. */
export interface AuthView {
  readonly enabled: boolean;
  readonly revision: number;
  user(name: string): User | undefined;
  role(name: string): Role | undefined;
  /** In order of bytes. */
  userNames(): readonly string[];
  roleNames(): readonly string[];
  /** Why the caller may not do what root may; undefined: it may. */
  refusedAdmin(caller: Caller | undefined): StoreErrorCode | undefined;
  /** Why the caller may not read or write these keys; undefined: it may. */
  refusedKeys(caller: Caller | undefined, keys: RequestedKeys, access: 'read' | 'write'): StoreErrorCode | undefined;
  observe(observer: AuthObserver): () => void;
}

/** What one call of `apply` changed. */
export interface AuthChanges {
  /** Name → the user as it is now, or undefined when it is gone. */
  readonly users: ReadonlyMap<string, User | undefined>;
  readonly roles: ReadonlyMap<string, Role | undefined>;
  readonly settings: AuthSettings | undefined;
}

export interface AuthSettings {
  readonly enabled: boolean;
  readonly revision: number;
}

interface Granted {
  readonly read: KeyRanges;
  readonly write: KeyRanges;
}

export class AuthState implements AuthView {
  readonly #users = new Map<string, User>();
  readonly #roles = new Map<string, Role>();
  /** User → what its roles grant; made when it is asked for. */
  readonly #granted = new Map<string, Granted>();
  readonly #observers = new Set<AuthObserver>();
  #enabled = false;
  #revision = 1;
  #changedUsers = new Set<string>();
  #changedRoles = new Set<string>();
  #changedSettings = false;

  get enabled(): boolean {
    return this.#enabled;
  }

  get revision(): number {
    return this.#revision;
  }

  user(name: string): User | undefined {
    return this.#users.get(name);
  }

  role(name: string): Role | undefined {
    return this.#roles.get(name);
  }

  userNames(): readonly string[] {
    return sortNames(this.#users.keys());
  }

  roleNames(): readonly string[] {
    return sortNames(this.#roles.keys());
  }

  refusedAdmin(caller: Caller | undefined): StoreErrorCode | undefined {
    if (!this.#enabled) return undefined;
    if (!caller || caller.name === '') return 'userNameEmpty';
    const user = this.#users.get(caller.name);
    if (!user) return 'userNotFound';
    return user.roles.includes(root) ? undefined : 'permissionDenied';
  }

  refusedKeys(
    caller: Caller | undefined,
    { key, range_end }: RequestedKeys,
    access: 'read' | 'write',
  ): StoreErrorCode | undefined {
    if (!this.#enabled) return undefined;
    if (!caller || caller.authRevision === 0) return 'userNameEmpty';
    if (caller.authRevision < this.#revision) return 'authRevisionOld';
    const user = this.#users.get(caller.name);
    if (!user) return 'permissionDenied';
    if (user.roles.includes(root)) return undefined;
    return this.#grantedTo(user)[access].covers(intervalOf(key, range_end)) ? undefined : 'permissionDenied';
  }

  observe(observer: AuthObserver): () => void {
    this.#observers.add(observer);
    return () => this.#observers.delete(observer);
  }

  putUser(user: User): void {
    this.#users.set(user.name, user);
    this.#changedUsers.add(user.name);
    this.#granted.delete(user.name);
  }

  deleteUser(name: string): void {
    this.#users.delete(name);
    this.#changedUsers.add(name);
    this.#granted.delete(name);
  }

  putRole(role: Role): void {
    this.#roles.set(role.name, role);
    this.#changedRoles.add(role.name);
    this.#granted.clear();
  }

  deleteRole(name: string): void {
    this.#roles.delete(name);
    this.#changedRoles.add(name);
    this.#granted.clear();
  }

  setEnabled(enabled: boolean): void {
    this.#enabled = enabled;
    this.#changedSettings = true;
    if (!enabled) for (const observer of this.#observers) observer.disabled();
  }

  advance(): void {
    this.#revision++;
    this.#changedSettings = true;
  }

  tellAuthenticated(user: string, token: string): void {
    for (const observer of this.#observers) observer.authenticated({ user, token });
  }

  tellInvalidated(user: string): void {
    for (const observer of this.#observers) observer.invalidated(user);
  }

  /** Takes over settings that were read from files. */
  restoreSettings({ enabled, revision }: AuthSettings): void {
    assert(revision >= 1, 'the auth revision begins with 1');
    this.#enabled = enabled;
    this.#revision = revision;
  }

  /** What changed since the last call; undefined: nothing. */
  takeChanges(): AuthChanges | undefined {
    if (!this.#changedSettings && this.#changedUsers.size === 0 && this.#changedRoles.size === 0) return undefined;
    const users = new Map([...this.#changedUsers].map((name) => [name, this.#users.get(name)]));
    const roles = new Map([...this.#changedRoles].map((name) => [name, this.#roles.get(name)]));
    const settings = this.#changedSettings ? { enabled: this.#enabled, revision: this.#revision } : undefined;
    this.#changedUsers.clear();
    this.#changedRoles.clear();
    this.#changedSettings = false;
    return { users, roles, settings };
  }

  #grantedTo(user: User): Granted {
    const known = this.#granted.get(user.name);
    if (known) return known;
    const permissions = user.roles.flatMap((role) => this.#roles.get(role)?.permissions ?? []);
    const { READ, WRITE, READWRITE } = authpb.Permission.Type;
    const rangesOf = (type: authpb.Permission.Type): KeyRanges =>
      new KeyRanges(
        permissions
          .filter((permission) => permission.type === type || permission.type === READWRITE)
          .map(({ key, rangeEnd }) => intervalOf(key, rangeEnd)),
      );
    const granted = { read: rangesOf(READ), write: rangesOf(WRITE) };
    this.#granted.set(user.name, granted);
    return granted;
  }
}

/** In order of bytes, as etcd keeps them. */
export function sortNames(names: Iterable<string>): string[] {
  return [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}
