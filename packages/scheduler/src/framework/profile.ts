/** A profile: the plugins that schedule the pods of one `schedulerName`, in order, and the weights of their scores. */
import { OperatingError } from '@flotilla/base';
import type { AnyPlugin } from './plugin.ts';

export interface WeightedPlugin {
  readonly plugin: AnyPlugin;
  /** Of its score; 1 unless told. */
  readonly weight?: number;
}

export interface Profile {
  readonly schedulerName: string;
  readonly plugins: readonly Required<WeightedPlugin>[];
}

/** @throws OperatingError code `INVALID_PROFILE` */
export function createProfile(schedulerName: string, plugins: readonly WeightedPlugin[]): Profile {
  const problems: string[] = [];
  const names = new Set<string>();
  for (const { plugin, weight = 1 } of plugins) {
    if (names.has(plugin.name)) problems.push(`plugin ${plugin.name} is listed twice`);
    if (!(weight > 0)) problems.push(`the weight of ${plugin.name} must be above 0`);
    names.add(plugin.name);
  }
  const sorters = plugins.filter(({ plugin }) => plugin.queueSort).length;
  if (sorters !== 1) problems.push(`exactly one plugin must sort the queue, not ${sorters}`);
  if (!plugins.some(({ plugin }) => plugin.bind)) problems.push('no plugin binds');
  if (problems.length > 0) {
    throw new OperatingError('INVALID_PROFILE', `profile ${schedulerName}: ${problems.join('; ')}`);
  }
  return { schedulerName, plugins: plugins.map(({ plugin, weight = 1 }) => ({ plugin, weight })) };
}
