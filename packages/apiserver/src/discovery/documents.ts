/** Discovery and OpenAPI: documents that follow from the kinds, made once, with tags by which clients keep them. */
import { createHash } from 'node:crypto';
import {
  type KindRegistry,
  apiGroup,
  apiGroupList,
  apiResourceList,
  apiVersions,
  groupDiscoveryList,
  openApiDocument,
  openApiHash,
  openApiIndex,
  openApiPath,
  unknownResource,
} from '@flotilla/api';
import { type Answer, type Exchange, jsonAnswer, jsonType } from '../http/exchange.ts';
import { type MediaType, isJson, parseAccept } from '../http/negotiate.ts';

const aggregatedVersions = ['v2', 'v2beta1'];

interface Document {
  readonly body: string;
  readonly etag: string;
}

export interface Documents {
  /** Undefined for a path that is no document. */
  answer(exchange: Exchange): Answer | undefined;
}

function documentOf(value: unknown): Document {
  const body = JSON.stringify(value);
  return { body, etag: `"${createHash('sha256').update(body).digest('hex').toUpperCase()}"` };
}

function documentAnswer({ body, etag }: Document, { request }: Exchange, contentType = jsonType): Answer {
  const headers = { 'content-type': contentType, etag, vary: 'Accept' };
  if (request.headers['if-none-match'] === etag) return { code: 304, headers, body: '' };
  return { code: 200, headers, body };
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
  const groupVersions = [...new Set(kinds.map(({ apiVersion }) => apiVersion))];
  const openApiByPath = new Map<string, Document & { readonly hash: string }>(
    groupVersions.flatMap((apiVersion) => {
      const document = openApiDocument(kinds, apiVersion);
      return document
        ? [
            [
              `/openapi/v3/${openApiPath(apiVersion)}`,
              { ...documentOf(document), hash: openApiHash(document) },
            ] as const,
          ]
        : [];
    }),
  );
  const openApiRoot = documentOf(openApiIndex(kinds));

  function groupDiscovery(which: 'core' | 'named', version: string): Document {
    return documentOf({ ...groupDiscoveryList(kinds, which), apiVersion: `apidiscovery.k8s.io/${version}` });
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

  const openApi = (exchange: Exchange, path: string): Answer => {
    const document = openApiByPath.get(path);
    if (!document) throw unknownResource();
    const hash = exchange.url.searchParams.get('hash');
    // A tag that names this content may be kept for good; an outdated one leads to the present.
    if (hash !== null && hash !== document.hash) {
      return { code: 301, headers: { location: `${path}?hash=${document.hash}` }, body: '' };
    }
    const answer = documentAnswer(document, exchange);
    if (hash === null) return answer;
    return { ...answer, headers: { ...answer.headers, 'cache-control': 'public, immutable, max-age=31536000' } };
  };

  return {
    answer(exchange) {
      const path = exchange.url.pathname.replace(/(.)\/$/, '$1');
      if (path === '/api' || path === '/apis') return root(exchange, path);
      if (path === '/openapi/v3') return documentAnswer(openApiRoot, exchange);
      if (path.startsWith('/openapi/v3/')) return openApi(exchange, path);
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
