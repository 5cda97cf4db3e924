/** The namespaces that every cluster has, made when the server starts; several servers may do so at once. */
import { type KubeObject, isReason } from '@flotilla/api';
import type { Registry } from './registry.ts';
import type { WriteContext } from './request.ts';

const names = ['default', 'kube-system', 'kube-public', 'kube-node-lease'];

export async function createSystemNamespaces(registry: Registry, context: WriteContext): Promise<void> {
  const kind = registry.kinds.byResource({ group: '', version: 'v1', resource: 'namespaces' });
  if (!kind) return;
  for (const name of names) {
    const object: KubeObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
    try {
      await registry.create({ kind, namespace: '', name: '' }, JSON.stringify(object), context);
    } catch (error) {
      if (!isReason(error, 'AlreadyExists')) throw error;
    }
  }
}
