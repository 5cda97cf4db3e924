/** Discovery and OpenAPI: documents that follow from the kinds, made once, with tags by which clients keep them. */
import {
  type KindRegistry,
  apiGroup,
  apiGroupList,
  apiResourceList,
  apiVersions,
  groupDiscoveryList,
} from '@flotilla/api';
import { type Answer, type Exchange, jsonAnswer, jsonType } from '../http/exchange.ts';
import { type MediaType, isJson, parseAccept } from '../http/negotiate.ts';
import { type Document, documentAnswer, jsonDocument } from './document.ts';
import { createOpenApiV2 } from './openapi-v2.ts';
import { createOpenApiV3 } from './openapi-v3.ts';

const aggregatedVersions = ['v2', 'v2beta1'];

export interface Documents {
  /** Undefined for a path that is no document. */
  answer(exchange: Exchange): Answer | Promise<Answer> | undefined;
}

function isAggregated({ parameters: { g, v, as } }: MediaType): boolean {
  return g === 'apidiscovery.k8s.io' && as === 'APIGroupDiscoveryList' && aggregatedVersions.includes(v ?? '');
}

/** @param address host and port, for old clients. */
export function createDocuments(registry: KindRegistry, address: () => string): Documents {
  const { kinds } = registry;
  const aggregated = {
    '/api': new Map(aggregatedVersions.map((version) => [version, groupDiscovery('core', version)])),
    '/apis': new Map(aggregatedVersions.map((version) => [version, groupDiscovery('named', version)])),
  };
  const openApiV2 = createOpenApiV2(kinds);
  const openApiV3 = createOpenApiV3(kinds);

  function groupDiscovery(which: 'core' | 'named', version: string): Document {
    return jsonDocument({ ...groupDiscoveryList(kinds, which), apiVersion: `apidiscovery.k8s.io/${version}` });
  }

  const root = (exchange: Exchange, path: '/api' | '/apis'): Answer => {
    for (const accepted of parseAccept(exchange.request.headers.accept)) {
      if (!isJson(accepted)) continue;
      const version = accepted.parameters['v'] ?? '';
      const document = isAggregated(accepted) ? aggregated[path].get(version) : undefined;
      const type = `${jsonType};g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;
      if (document) return documentAnswer(document, exchange, type);
      if (accepted.parameters['as'] === undefined) break;
    }
    return jsonAnswer(200, path === '/api' ? apiVersions(address()) : apiGroupList(kinds), { vary: 'Accept' });
  };

  return {
    answer(exchange) {
      const path = exchange.url.pathname.replace(/(.)\/$/, '$1');
      if (path === '/api' || path === '/apis') return root(exchange, path);
      if (path === '/openapi/v2') return openApiV2(exchange);
      if (path === '/openapi/v3' || path.startsWith('/openapi/v3/')) return openApiV3(exchange, path);
      return legacyAnswer(path);
    },
  };

  function legacyAnswer(path: string): Answer | undefined {
    const match = /^\/(?:api|apis\/([^/]+))(?:\/([^/]+))?$/.exec(path);
    if (!match) return undefined;
    const [, group = '', version] = match;
    const document =
      version === undefined
        ? apiGroup(kinds, group)
        : apiResourceList(kinds, group === '' ? version : `${group}/${version}`);
    return document ? jsonAnswer(200, document) : undefined;
  }
}
