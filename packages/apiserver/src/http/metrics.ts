/** The server's metrics, under kube-apiserver's own names. */
import { Counter, Gauge, Histogram, type Registry, collectDefaultMetrics } from '@flotilla/base/metrics';
import type { InFlight } from './in-flight.ts';

export interface RequestMetrics {
  observe(request: {
    readonly verb: string;
    readonly resource: string;
    readonly code: number;
    readonly seconds: number;
  }): void;
}

export function createRequestMetrics(registry: Registry, inFlight: InFlight): RequestMetrics {
  collectDefaultMetrics({ register: registry });
  const total = new Counter({
    name: 'apiserver_request_total',
    help: 'Requests by verb, resource and HTTP code.',
    labelNames: ['verb', 'resource', 'code'],
    registers: [registry],
  });
  const duration = new Histogram({
    name: 'apiserver_request_duration_seconds',
    help: 'Time from the head of a request to the end of its answer; streams are left out.',
    labelNames: ['verb', 'resource'],
    buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
    registers: [registry],
  });
  new Gauge({
    name: 'apiserver_current_inflight_requests',
    help: 'Requests that are being served, reads and writes apart; streams are left out.',
    labelNames: ['request_kind'],
    registers: [registry],
    collect() {
      this.set({ request_kind: 'readOnly' }, inFlight.reading);
      this.set({ request_kind: 'mutating' }, inFlight.mutating);
    },
  });
  return {
    observe({ verb, resource, code, seconds }) {
      total.inc({ verb, resource, code });
      if (verb !== 'WATCH' && verb !== 'CONNECT') duration.observe({ verb, resource }, seconds);
    },
  };
}
