/** REST on resources: from method, path, query and body to the registry's verbs, and back to an answer. */
import type { Clock } from '@flotilla/base';
import { type IncludeObject, type KubeObject, type Status, methodNotAllowed } from '@flotilla/api';
import type { WatchOutput } from '../cache/watcher.ts';
import type { RequestVerb, ResourceAttributes } from '../auth/attributes.ts';
import { parseDeleteOptions } from '../registry/delete-options.ts';
import type { Registry } from '../registry/registry.ts';
import { type Target, type WriteContext, resourceOf } from '../registry/request.ts';
import type { Part } from '../registry/update.ts';
import { readObject } from './body.ts';
import { type Answer, type Exchange, type Headers, type StreamAnswer, jsonType } from './exchange.ts';
import { fenceOf } from './fence-headers.ts';
import { negotiateShape } from './negotiate.ts';
import type { PodLogs } from './pod-log.ts';
import { deleteOptionsOf, dryRunOf, fieldValidationOf, isWatch, listOptionsOf, watchOptionsOf } from './query.ts';
import { type Rendering, renderList, renderObject, renderWatchOutput } from './render.ts';
import type { ResourcePath } from './resource-path.ts';

export interface ResourcesOptions {
  readonly registry: Registry;
  readonly clock: Clock;
  readonly podLogs: PodLogs;
}

/** What a method on a path asks for. @throws ApiError MethodNotAllowed. */
export function resourceAttributes(path: ResourcePath, method: string, query: URLSearchParams): ResourceAttributes {
  const { kind, namespace, name, subresource } = path;
  return {
    type: 'resource',
    verb: verbOf(path, method, query),
    group: kind.group,
    resource: kind.plural,
    subresource,
    // A namespace is an object in itself, to those who rule on access.
    namespace: kind.plural === 'namespaces' ? name : namespace,
    name,
  };
}

function verbOf({ kind, name }: ResourcePath, method: string, query: URLSearchParams): RequestVerb {
  switch (method) {
    case 'GET':
    case 'HEAD':
      if (isWatch(query)) return 'watch';
      return name === '' ? 'list' : 'get';
    case 'POST':
      return 'create';
    case 'PUT':
      return 'update';
    case 'PATCH':
      return 'patch';
    case 'DELETE':
      return name === '' ? 'deletecollection' : 'delete';
    default:
      throw methodNotAllowed({ group: kind.group, resource: kind.plural }, method);
  }
}

/** A watch, or a log that is followed, lives as long as its client likes. */
export function isLongRunning(attributes: ResourceAttributes): boolean {
  return attributes.verb === 'watch' || attributes.subresource === 'log';
}

export function createResources(options: ResourcesOptions): {
  answer(path: ResourcePath, attributes: ResourceAttributes, exchange: Exchange): Promise<Answer | StreamAnswer>;
} {
  const { registry, clock, podLogs } = options;

  return {
    answer(path, { verb }, exchange) {
      const request = new ResourceRequest(registry, clock, path, exchange);
      const action = `${verb} ${path.subresource}`.trimEnd();
      switch (action) {
        case 'get':
          return request.get();
        case 'list':
          return request.list();
        case 'watch':
          return request.watch();
        case 'create':
          return path.name === '' ? request.create() : request.refuse(verb);
        case 'update':
        case 'update status':
        case 'update finalize':
          return path.name === '' ? request.refuse(verb) : request.update(partOf(path));
        case 'patch':
        case 'patch status':
          return path.name === '' ? request.refuse(verb) : request.patch(partOf(path));
        case 'delete':
          return request.delete();
        case 'deletecollection':
          return request.deleteCollection();
        case 'get status':
          return request.get();
        case 'get scale':
          return request.getScale();
        case 'update scale':
          return request.updateScale();
        case 'patch scale':
          return request.patchScale();
        case 'create binding':
          return request.bind();
        case 'create eviction':
          return request.evict();
        case 'get log':
          return podLogs.open(request.target, exchange);
        default:
          return request.refuse(verb);
      }
    },
  };
}

function partOf({ subresource }: ResourcePath): Part {
  return subresource === 'status' || subresource === 'finalize' ? subresource : 'object';
}

/** One request on its way to the registry. */
class ResourceRequest {
  readonly target: Target;
  readonly #registry: Registry;
  readonly #clock: Clock;
  readonly #exchange: Exchange;
  readonly #warnings: string[] = [];

  constructor(registry: Registry, clock: Clock, { kind, namespace, name }: ResourcePath, exchange: Exchange) {
    this.#registry = registry;
    this.#clock = clock;
    this.#exchange = exchange;
    this.target = { kind, namespace, name };
  }

  refuse(verb: string): never {
    throw methodNotAllowed(resourceOf(this.target), verb);
  }

  async get(): Promise<Answer> {
    const rendering = this.#rendering();
    const object = await this.#registry.get(this.target, this.#query.get('resourceVersion') ?? '', this.#exchange);
    return this.#answer(200, renderObject(rendering, object));
  }

  async list(): Promise<Answer> {
    const rendering = this.#rendering();
    const list = await this.#registry.list(this.target, listOptionsOf(this.#query), this.#exchange);
    return this.#answer(200, renderList(rendering, list));
  }

  async watch(): Promise<StreamAnswer> {
    const rendering = this.#rendering();
    const options = watchOptionsOf(this.#query, this.target.name);
    const outputs = await this.#registry.watch({ ...this.target, name: '' }, options, this.#exchange);
    return { code: 200, headers: { 'content-type': jsonType }, chunks: lines(outputs, rendering) };
  }

  async create(): Promise<Answer> {
    const object = await this.#registry.create(this.target, await this.#objectBody(), this.#write());
    return this.#object(201, object);
  }

  async update(part: Part): Promise<Answer> {
    const body = await this.#objectBody();
    return this.#object(200, await this.#registry.update(this.target, part, body, this.#write()));
  }

  async patch(part: Part): Promise<Answer> {
    return this.#object(200, await this.#registry.patch(this.target, part, await this.#patchBody(), this.#write()));
  }

  async delete(): Promise<Answer> {
    const body = parseDeleteOptions(await this.#objectBody());
    const left = await this.#registry.delete(this.target, deleteOptionsOf(this.#query, body), this.#write());
    return isStatus(left) ? this.#answer(200, JSON.stringify(left)) : this.#object(200, left);
  }

  async deleteCollection(): Promise<Answer> {
    const body = parseDeleteOptions(await this.#objectBody());
    const items = await this.#registry.deleteCollection(
      this.target,
      listOptionsOf(this.#query),
      deleteOptionsOf(this.#query, body),
      this.#write(),
    );
    const { listKind, apiVersion } = this.target.kind;
    return this.#answer(200, JSON.stringify({ kind: listKind, apiVersion, metadata: {}, items }));
  }

  async getScale(): Promise<Answer> {
    const version = this.#query.get('resourceVersion') ?? '';
    return this.#plain(200, await this.#registry.getScale(this.target, version, this.#exchange));
  }

  async updateScale(): Promise<Answer> {
    const body = await this.#objectBody();
    return this.#plain(200, await this.#registry.updateScale(this.target, body, this.#write()));
  }

  async patchScale(): Promise<Answer> {
    return this.#plain(200, await this.#registry.patchScale(this.target, await this.#patchBody(), this.#write()));
  }

  async bind(): Promise<Answer> {
    await this.#registry.bind(this.target, await this.#objectBody(), this.#write());
    return this.#plain(201, success);
  }

  async evict(): Promise<Answer> {
    await this.#registry.evict(this.target, await this.#objectBody(), this.#write());
    return this.#plain(201, success);
  }

  get #query(): URLSearchParams {
    return this.#exchange.url.searchParams;
  }

  #write(): WriteContext {
    const { request, user, signal } = this.#exchange;
    return {
      user,
      signal,
      fence: fenceOf(request.headers),
      dryRun: dryRunOf(this.#query),
      fieldValidation: fieldValidationOf(this.#query.get('fieldValidation')),
      warn: (text) => this.#warnings.push(text),
    };
  }

  #objectBody(): Promise<string> {
    return readObject(this.#exchange.request.headers['content-type'], () => this.#exchange.readBody());
  }

  async #patchBody(): Promise<{ contentType: string; body: string }> {
    const body = await this.#exchange.readBody();
    return { contentType: this.#exchange.request.headers['content-type'] ?? '', body: body.toString() };
  }

  #rendering(): Rendering {
    const include = this.#query.get('includeObject');
    return {
      kind: this.target.kind,
      shape: negotiateShape(this.#exchange.request.headers.accept),
      includeObject: include === 'None' || include === 'Object' ? include : ('Metadata' satisfies IncludeObject),
      nowMs: this.#clock.wallMs(),
    };
  }

  #object(code: number, object: KubeObject): Answer {
    return this.#answer(code, renderObject(this.#rendering(), object));
  }

  #plain(code: number, value: KubeObject | Status): Answer {
    return this.#answer(code, JSON.stringify(value));
  }

  #answer(code: number, body: Buffer | string): Answer {
    return { code, headers: { 'content-type': jsonType, ...warningHeaders(this.#warnings) }, body };
  }
}

const success: Status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 };

function isStatus(value: KubeObject | Status): value is Status {
  return value.kind === 'Status';
}

function warningHeaders(warnings: readonly string[]): Headers {
  if (warnings.length === 0) return {};
  return {
    warning: warnings.map((text) => `299 - "${text.replaceAll(/["\\]/g, '\\$&').replaceAll(/[^\x20-\x7e]/g, '?')}"`),
  };
}

async function* lines(
  batches: AsyncIterable<readonly WatchOutput[]>,
  rendering: Rendering,
): AsyncGenerator<readonly (Buffer | string)[], void> {
  let isFirst = true;
  for await (const outputs of batches) {
    const pieces = outputs.flatMap((output, index) => renderWatchOutput(rendering, output, isFirst && index === 0));
    isFirst = false;
    yield pieces;
  }
}
