/** The head of a request, checked as RFC 9113 (section 8) demands. */
import type { HeaderField } from './static-table.ts';

export interface RequestHead {
  readonly method: string;
  readonly path: string;
  readonly authority: string;
  /** The length of the body that the client announced. */
  readonly contentLength: number | undefined;
  /** Without the pseudo-header fields; in order. */
  readonly fields: readonly HeaderField[];
}

const pseudoNames: ReadonlySet<string> = new Set([':method', ':scheme', ':path', ':authority']);
/** They describe a connection, which HTTP/2 does by itself. */
const connectionNames: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]);

/** What a list of fields says, or undefined when it is malformed. */
export function readRequestHead(list: readonly HeaderField[]): RequestHead | undefined {
  const pseudo: Record<string, string> = {};
  let at = 0;
  for (; list[at]?.name.startsWith(':') === true; at++) {
    const field = list[at];
    if (!field?.sound || !pseudoNames.has(field.name) || field.name in pseudo) return undefined;
    pseudo[field.name] = field.value;
  }
  const { ':method': method, ':scheme': scheme, ':path': path, ':authority': authority } = pseudo;
  if (method === undefined || scheme === undefined || path === undefined || path === '') return undefined;
  const fields = list.slice(at);
  if (!fields.every(isSoundRegular)) return undefined;
  const announced = fields.find(({ name }) => name === 'content-length')?.value;
  if (announced !== undefined && !/^\d{1,15}$/.test(announced)) return undefined;
  return {
    method,
    path,
    authority: authority ?? fields.find(({ name }) => name === 'host')?.value ?? '',
    contentLength: announced === undefined ? undefined : Number(announced),
    fields,
  };
}

/** Whether these may stand after a body. */
export function areTrailers(list: readonly HeaderField[]): boolean {
  return list.every(isSoundRegular);
}

function isSoundRegular({ name, value, sound }: HeaderField): boolean {
  if (!sound || name.startsWith(':') || connectionNames.has(name)) return false;
  return name !== 'te' || value === 'trailers';
}
