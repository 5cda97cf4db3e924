/** The methods that are mounted on a server, by path. */
import { pushFormOf } from '../push-form.ts';
import type { CallObserver, RpcServerOptions } from '../rpc-server.ts';
import {
  type Handlers,
  type Method,
  type PushHandler,
  Pushed,
  type ServiceTable,
  type UnaryHandler,
} from '../service.ts';
import { RpcError, StatusCode } from '../status.ts';

/** A method with what implements it. */
export type MountedMethod = {
  readonly method: Method;
  readonly observer: CallObserver | undefined;
} & (
  | { readonly kind: 'unary'; readonly handler: UnaryHandler<unknown, unknown> }
  | { readonly kind: 'serverStream' | 'bidi'; readonly handler: PushHandler<unknown, unknown> }
);

export class MethodTable {
  readonly #observe: RpcServerOptions['observe'];
  readonly #methods = new Map<string, MountedMethod>();
  readonly #services = new Set<string>();
  /** Paths of methods that a service has and nobody implements. */
  readonly #missing = new Set<string>();

  constructor({ observe }: Pick<RpcServerOptions, 'observe'>) {
    this.#observe = observe;
  }

  add<T extends ServiceTable>(table: T, handlers: Handlers<T>): void {
    for (const [name, method] of Object.entries<Method>(table)) {
      this.#services.add(serviceOf(method.path));
      const handler: unknown = handlers[name];
      if (typeof handler === 'function' || handler instanceof Pushed) {
        this.#methods.set(method.path, this.#mounted(method, handler));
      } else {
        this.#missing.add(method.path);
      }
    }
  }

  /** The method, or why there is none. */
  find(path: string): MountedMethod | RpcError {
    return this.#methods.get(path) ?? new RpcError(StatusCode.UNIMPLEMENTED, this.#whyNot(path));
  }

  #mounted(method: Method, handler: Function | Pushed<unknown, unknown>): MountedMethod {
    const observer = this.#observe?.(method);
    const { kind } = method;
    if (kind !== 'unary') return { method, observer, kind, handler: pushFormOf(handler as PushHandlerSource) };
    return { method, observer, kind, handler: handler as UnaryHandler<unknown, unknown> };
  }

  #whyNot(path: string): string {
    const service = serviceOf(path);
    const method = path.slice(path.lastIndexOf('/') + 1);
    if (!/^\/[^/]*\/[^/]*$/.test(path)) return `malformed method name: ${JSON.stringify(path)}`;
    if (!this.#services.has(service)) return `unknown service ${service}`;
    if (this.#missing.has(path)) return `method ${method} not implemented`;
    return `unknown method ${method} for service ${service}`;
  }
}

type PushHandlerSource = Parameters<typeof pushFormOf>[0];

function serviceOf(path: string): string {
  return path.slice(1, Math.max(1, path.lastIndexOf('/')));
}
