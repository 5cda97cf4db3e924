/** The module hooks of mutation.ts: Node runs them in a thread of their own. */
import type { InitializeHook, LoadHook } from 'node:module';
import type { Mutation } from './mutation.ts';

let mutation: Mutation | undefined;

export const initialize: InitializeHook<Mutation> = (data) => {
  mutation = data;
};

export const load: LoadHook = async (url, context, nextLoad) => {
  const loaded = await nextLoad(url, context);
  if (!mutation || loaded.format !== 'module' || !loaded.source) return loaded;
  const source = Buffer.from(loaded.source as Uint8Array).toString();
  const mutated = source.replace(new RegExp(mutation.find), () => mutation?.replace ?? '');
  return mutated === source ? loaded : { ...loaded, source: mutated };
};
