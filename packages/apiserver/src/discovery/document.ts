/** A published document: a body, and the tag by which clients keep it. */
import { createHash } from 'node:crypto';
import { type Answer, type Exchange, jsonType } from '../http/exchange.ts';

export interface Document {
  readonly body: Buffer | string;
  readonly etag: string;
}

export function documentOf(body: Buffer | string): Document {
  return { body, etag: `"${createHash('sha256').update(body).digest('hex').toUpperCase()}"` };
}

export function jsonDocument(value: unknown): Document {
  return documentOf(JSON.stringify(value));
}

export function documentAnswer({ body, etag }: Document, { request }: Exchange, contentType = jsonType): Answer {
  const headers = { 'content-type': contentType, etag, vary: 'Accept' };
  if (request.headers['if-none-match'] === etag) return { code: 304, headers, body: '' };
  return { code: 200, headers, body };
}
