/**
 * `/openapi/v2`: one document about everything, as JSON or as protobuf, made when first asked for. kubectl before 1.29
 * validates from it; newer ones ask for it only where v3 tells them nothing.
 */
import { type Kind, notAcceptable, openApiV2Document } from '@flotilla/api';
import { type Answer, type Exchange, jsonType } from '../http/exchange.ts';
import { type MediaType, isJson, parseAccept } from '../http/negotiate.ts';
import { type Document, documentAnswer, documentOf, jsonDocument } from './document.ts';

/** Clients ask with `@`, which is no letter of a media type, or with a dot; kube-apiserver answers both with a dot. */
const askedProtobufTypes = [
  'application/com.github.proto-openapi.spec.v2@v1.0+protobuf',
  'application/com.github.proto-openapi.spec.v2.v1.0+protobuf',
];
const protobufType = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';

export function createOpenApiV2(kinds: readonly Kind[]): (exchange: Exchange) => Promise<Answer> {
  let json: Document | undefined;
  let protobuf: Promise<Document> | undefined;

  const makeProtobuf = async (): Promise<Document> => {
    const { encodeOpenApiV2 } = await import('./openapi-v2-protobuf.ts');
    return documentOf(encodeOpenApiV2(openApiV2Document(kinds)));
  };

  return async (exchange) => {
    for (const accepted of parseAccept(exchange.request.headers.accept)) {
      if (isJson(accepted)) return documentAnswer((json ??= jsonDocument(openApiV2Document(kinds))), exchange);
      if (isProtobuf(accepted)) return documentAnswer(await (protobuf ??= makeProtobuf()), exchange, protobufType);
    }
    throw notAcceptable([jsonType, protobufType]);
  };
}

function isProtobuf({ type }: MediaType): boolean {
  return askedProtobufTypes.includes(type);
}
