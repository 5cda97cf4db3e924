/** What a request is about, before anything is done: a resource or another path, and who may ask for it. */
import type { Registry as MetricsRegistry } from '@flotilla/base/metrics';
import { type KindRegistry, methodNotAllowed, unknownResource } from '@flotilla/api';
import type { Attributes } from '../auth/attributes.ts';
import type { Documents } from '../discovery/documents.ts';
import type { Health } from '../discovery/health.ts';
import { versionInfo } from '../discovery/version.ts';
import { type Answer, type Exchange, type StreamAnswer, jsonAnswer } from './exchange.ts';
import { type ResourcePath, parseResourcePath } from './resource-path.ts';
import { type createResources, isLongRunning, resourceAttributes } from './resources.ts';

/** A request that was understood; `answer` is called once it is allowed. */
export interface Route {
  readonly attributes: Attributes;
  readonly isLongRunning: boolean;
  readonly isMutating: boolean;
  answer(exchange: Exchange): Promise<Answer | StreamAnswer>;
}

export interface RouterOptions {
  readonly kinds: KindRegistry;
  readonly resources: ReturnType<typeof createResources>;
  readonly documents: Documents;
  readonly health: Health;
  readonly metrics: MetricsRegistry;
}

const readMethods = new Set(['GET', 'HEAD', 'OPTIONS']);

export function createRouter(options: RouterOptions): (method: string, url: URL) => Route {
  const { kinds, resources, documents, health, metrics } = options;

  const resourceRoute = (path: ResourcePath, method: string, url: URL): Route => {
    const attributes = resourceAttributes(path, method, url.searchParams);
    return {
      attributes,
      isLongRunning: isLongRunning(attributes),
      isMutating: !readMethods.has(method),
      answer: (exchange) => resources.answer(path, attributes, exchange),
    };
  };

  const pathAnswer = async (exchange: Exchange): Promise<Answer> => {
    const { pathname } = exchange.url;
    if (!readMethods.has(exchange.method)) throw methodNotAllowed({ group: '', resource: pathname }, exchange.method);
    if (pathname === '/version' || pathname === '/version/') return jsonAnswer(200, versionInfo);
    if (pathname === '/metrics') {
      return { code: 200, headers: { 'content-type': metrics.contentType }, body: await metrics.metrics() };
    }
    const answer = health.answer(exchange) ?? documents.answer(exchange);
    if (answer) return answer;
    throw unknownResource();
  };

  return (method, url) => {
    const path = parseResourcePath(kinds, url.pathname);
    if (path) return resourceRoute(path, method, url);
    const attributes: Attributes = { type: 'path', verb: method.toLowerCase(), path: url.pathname };
    return { attributes, isLongRunning: false, isMutating: false, answer: pathAnswer };
  };
}
