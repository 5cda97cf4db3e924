/**
 * The second half of a pod's way: from a reservation to a node that is written down. It runs beside other pods' scheduling
 * cycles, and undoes the reservation if it fails.
 */
import { type Clock, sleep } from '@flotilla/base';
import type { PermitAnswer, Placement } from './framework/plugin.ts';
import type { Profile } from './framework/profile.ts';

export type BindingResult = { readonly outcome: 'bound' } | { readonly outcome: 'denied'; readonly reason: string };

/** Claims the placement with every reserve plugin; on a rejection gives all claims back. @returns the reason, if refused. */
export function reserve(placement: Placement, profile: Profile): string | undefined {
  for (const { plugin } of profile.plugins) {
    const rejection = plugin.reserve?.(placement);
    if (!rejection) continue;
    unreserve(placement, profile);
    return rejection.reason;
  }
  return undefined;
}

export function unreserve(placement: Placement, profile: Profile): void {
  for (const { plugin } of profile.plugins.toReversed()) plugin.unreserve?.(placement);
}

/** Permit, preBind, bind, postBind. Throws what the binding itself throws. */
export async function runBindingCycle(
  placement: Placement,
  profile: Profile,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<BindingResult> {
  const plugins = profile.plugins.map(({ plugin }) => plugin);
  for (const plugin of plugins) {
    const permit = plugin.permit?.(placement) ?? { outcome: 'allow' };
    const answer =
      permit.outcome === 'wait' ? await answerWithin(permit.answer, permit.timeoutMs, { clock, signal }) : permit;
    if (answer.outcome === 'deny') return { outcome: 'denied', reason: answer.reason };
  }
  for (const plugin of plugins) await plugin.preBind?.(placement, signal);
  await plugins.find((plugin) => plugin.bind)?.bind?.(placement, signal);
  for (const plugin of plugins) plugin.postBind?.(placement);
  return { outcome: 'bound' };
}

async function answerWithin(
  answer: Promise<PermitAnswer>,
  timeoutMs: number,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<PermitAnswer> {
  const over = new AbortController();
  const late = sleep(clock, timeoutMs, AbortSignal.any([signal, over.signal])).then((): PermitAnswer => ({
    outcome: 'deny',
    reason: 'timed out waiting for a permit',
  }));
  const first = await Promise.race([answer, late]);
  over.abort();
  return first;
}
