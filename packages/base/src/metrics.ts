/** Prometheus metrics. Each running component has a registry of its own, so that several fit in one process. */
export { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
