/** The labels by which others find the slices of a service. */
export const serviceNameLabel = 'kubernetes.io/service-name';
export const managedByLabel = 'endpointslice.kubernetes.io/managed-by';
export const managedByThisController = 'endpointslice-controller.k8s.io';
export const headlessLabel = 'service.kubernetes.io/headless';
