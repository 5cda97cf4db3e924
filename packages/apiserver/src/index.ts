/** The API server: REST and gRPC over one registry. The only door of the package. */
export { type ApiServerFlags, apiServerOptionTable, apiServerOptions } from './options.ts';
export { type ApiServerOptions, type RunningApiServer, startApiServer } from './start.ts';
export type { KubeletTls } from './http/pod-log.ts';
