/** DefaultBinder: writes the placement through the pod's binding subresource. */
import { type ApiClient, bindPod } from '@flotilla/api-client';
import type { Plugin } from '../../framework/plugin.ts';

export function defaultBinder(client: ApiClient): Plugin {
  return {
    name: 'DefaultBinder',
    bind: (placement, signal) => bindPod(client, placement, { signal }),
  };
}
