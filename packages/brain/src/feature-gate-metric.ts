/** The feature gates that change something here, as a metric: etcd's name and labels. */
import { Gauge, type Registry } from '@flotilla/base/metrics';
import { type Gate, gates } from './feature-gates.ts';

export function addGateMetric(registry: Registry, on: ReadonlySet<Gate>): void {
  const enabled = new Gauge({
    name: 'etcd_server_feature_enabled',
    help: 'Whether a feature is enabled: 1 is enabled, 0 is not.',
    labelNames: ['name', 'stage'],
    registers: [registry],
  });
  for (const name of gates) enabled.set({ name, stage: 'ALPHA' }, on.has(name) ? 1 : 0);
}
