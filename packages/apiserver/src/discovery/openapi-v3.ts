/** `/openapi/v3` and the document of each group and version below it, made when first asked for. */
import { type Kind, openApiDocument, openApiHash, openApiIndex, openApiPath, unknownResource } from '@flotilla/api';
import type { Answer, Exchange } from '../http/exchange.ts';
import { type Document, documentAnswer, jsonDocument } from './document.ts';

interface TaggedDocument extends Document {
  /** Names the content in the document's URL. */
  readonly hash: string;
}

/** @param path without a slash at its end. */
export function createOpenApiV3(kinds: readonly Kind[]): (exchange: Exchange, path: string) => Answer {
  let index: Document | undefined;
  const documents = new Map<string, TaggedDocument>();
  const apiVersionOf = new Map<string, string>(
    kinds.map(({ apiVersion }) => [`/openapi/v3/${openApiPath(apiVersion)}`, apiVersion]),
  );

  const find = (path: string): TaggedDocument => {
    const known = documents.get(path);
    if (known) return known;
    const apiVersion = apiVersionOf.get(path);
    const content = apiVersion === undefined ? undefined : openApiDocument(kinds, apiVersion);
    if (!content) throw unknownResource();
    const made = { ...jsonDocument(content), hash: openApiHash(content) };
    documents.set(path, made);
    return made;
  };

  return (exchange, path) => {
    if (path === '/openapi/v3') return documentAnswer((index ??= jsonDocument(openApiIndex(kinds))), exchange);
    const document = find(path);
    const hash = exchange.url.searchParams.get('hash');
    // A tag that names this content may be kept for good; an outdated one leads to the present.
    if (hash !== null && hash !== document.hash) {
      return { code: 301, headers: { location: `${path}?hash=${document.hash}` }, body: '' };
    }
    const answer = documentAnswer(document, exchange);
    if (hash === null) return answer;
    return { ...answer, headers: { ...answer.headers, 'cache-control': 'public, immutable, max-age=31536000' } };
  };
}
