/** The alarms that are active, of whichever member, as a metric: etcd's name and labels. Read when somebody asks. */
import { Gauge, type Registry } from '@flotilla/base/metrics';
import type { Alarm } from '@flotilla/store';
import { etcdserverpb } from '@flotilla/wire';

export function addAlarmMetric(registry: Registry, list: () => readonly Alarm[]): void {
  const active: Gauge<'server_id' | 'alarm_type'> = new Gauge({
    name: 'etcd_debugging_server_alarms',
    help: 'Alarms of every member in the cluster: 1 for each that is active.',
    labelNames: ['server_id', 'alarm_type'],
    registers: [registry],
    collect() {
      active.reset();
      for (const { memberId, type } of list()) {
        active.set({ server_id: memberId.toString(16), alarm_type: etcdserverpb.AlarmType[type] ?? String(type) }, 1);
      }
    },
  });
}
