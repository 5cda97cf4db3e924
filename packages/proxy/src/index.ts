/** Service load balancing in userspace. */
export { proxyOptions } from './options.ts';
export { type Proxy, type ProxyOptions, startProxy } from './proxy.ts';
export { type Protocol, type Route, type ServiceTableInput, serviceTable } from './service-table.ts';
