/** The `Accept` header: in which shape the client wants objects. */
import { notAcceptable } from '@flotilla/api';

/** `metadata`: PartialObjectMetadata instead of whole objects. */
export type Shape = 'object' | 'table' | 'metadata';

export interface MediaType {
  readonly type: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/** In the client's order, weights aside: Kubernetes' clients list what they like best first. */
export function parseAccept(header: string | undefined): readonly MediaType[] {
  return (header ?? '*/*').split(',').map((entry) => {
    const [type = '', ...parameters] = entry.split(';').map((part) => part.trim());
    return { type, parameters: Object.fromEntries(parameters.map(parameterOf)) };
  });
}

function parameterOf(text: string): [string, string] {
  const equals = text.indexOf('=');
  return equals < 0 ? [text, ''] : [text.slice(0, equals), text.slice(equals + 1)];
}

export function isJson({ type }: MediaType): boolean {
  return type === 'application/json' || type === 'application/*' || type === '*/*';
}

/** @throws ApiError NotAcceptable when nothing that is asked for can be made. */
export function negotiateShape(header: string | undefined): Shape {
  for (const accepted of parseAccept(header)) {
    const shape = isJson(accepted) ? shapeOf(accepted) : undefined;
    if (shape) return shape;
  }
  throw notAcceptable(['application/json']);
}

function shapeOf({ parameters: { as, g, v } }: MediaType): Shape | undefined {
  if (as === undefined) return 'object';
  if (g !== 'meta.k8s.io' || (v !== 'v1' && v !== 'v1beta1')) return undefined;
  if (as === 'Table') return 'table';
  return as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList' ? 'metadata' : undefined;
}
