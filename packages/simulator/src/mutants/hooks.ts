/** The module hooks that put a mutant into the code as it is loaded: Node runs them in a thread of their own. */
import type { InitializeHook, LoadHook } from 'node:module';
import type { Mutant } from './mutants.ts';

let mutant: Mutant | undefined;

export const initialize: InitializeHook<Mutant> = (data) => {
  mutant = data;
};

export const load: LoadHook = async (url, context, nextLoad) => {
  const loaded = await nextLoad(url, context);
  if (!mutant || !url.endsWith(`/packages/${mutant.file}`) || !loaded.source) return loaded;
  const { find, replace } = mutant;
  const source = Buffer.from(loaded.source as Uint8Array).toString();
  return { ...loaded, source: source.replace(find, () => replace) };
};
