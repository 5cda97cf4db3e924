/** When a toleration covers a taint: the rules of core/v1. */
import type { Taint, Toleration } from '@flotilla/api';

/**
 * Whether any toleration covers the taint. An empty effect covers all effects; an empty key with `Exists` covers all keys; the
 * default operator is `Equal`.
 */
export function tolerates(tolerations: readonly Toleration[], taint: Pick<Taint, 'key' | 'effect' | 'value'>): boolean {
  return tolerations.some(({ key = '', operator = 'Equal', value = '', effect = '' }) => {
    if (effect !== '' && effect !== taint.effect) return false;
    if (key === '') return operator === 'Exists';
    if (key !== taint.key) return false;
    return operator === 'Exists' || value === (taint.value ?? '');
  });
}
