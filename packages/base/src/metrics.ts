/**
 * Prometheus metrics, as `@flotilla/base/metrics`: a door of its own, since most processes of a cluster serve none and would
 * load the library in vain. Each running component has a registry of its own, so that several fit in one process.
 */
export { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
