/** All handlers of a member by the path of their method, for what calls them by another way than gRPC. */
import type { Handlers, Method, ServiceTable } from '@flotilla/wire';

export class HandlerMap {
  readonly #byPath = new Map<string, unknown>();

  add<T extends ServiceTable>(table: T, handlers: Handlers<T>): void {
    for (const [name, { path }] of Object.entries<Method>(table)) {
      const handler: unknown = handlers[name];
      if (handler !== undefined) this.#byPath.set(path, handler);
    }
  }

  /** A handler, whose types only its method knows; undefined when there is none. */
  get({ path }: Method): unknown {
    return this.#byPath.get(path);
  }
}
