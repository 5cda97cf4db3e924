/**
 * The paths of resources:
 *
 *     /api/v1/pods                          /apis/apps/v1/namespaces/a/deployments/web/scale
 *     /api/v1/namespaces/a/pods/web-1/log   /api/v1/namespaces/a          (the namespace itself)
 */
import type { Kind, KindRegistry } from '@flotilla/api';

export interface ResourcePath {
  readonly kind: Kind;
  readonly namespace: string;
  readonly name: string;
  /** Empty for the object or collection itself. */
  readonly subresource: string;
}

/** What follows a namespace's name without being a resource in it. */
const namespaceSubresources = new Set(['status', 'finalize']);

/** Undefined for a path that is no resource, or of no known kind. */
export function parseResourcePath(kinds: KindRegistry, path: string): ResourcePath | undefined {
  const [root, ...parts] = path.split('/').slice(1).map(decodePart);
  const group = root === 'api' ? '' : root === 'apis' ? parts.shift() : undefined;
  const version = parts.shift();
  if (group === undefined || version === undefined || parts.length === 0 || parts.includes('')) return undefined;

  const [first, second, third] = parts;
  const isInNamespace = first === 'namespaces' && third !== undefined && !namespaceSubresources.has(third);
  const namespace = isInNamespace ? (second ?? '') : '';
  const [resource = '', name = '', subresource = '', ...rest] = isInNamespace ? parts.slice(2) : parts;
  const kind = kinds.byResource({ group, version, resource });
  if (!kind || rest.length > 0) return undefined;
  // Objects of a kind with namespaces are only reached through one; lists go without.
  if (kind.namespaced ? name !== '' && !isInNamespace : isInNamespace) return undefined;
  if (subresource !== '' && !kind.subresources.some((known) => known.name === subresource)) return undefined;
  return { kind, namespace, name, subresource };
}

function decodePart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    // A broken escape names nothing.
    return '';
  }
}
