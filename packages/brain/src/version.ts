/** The etcd release whose wire this member speaks: clients parse it and switch features by it. */
export const serverVersion = '3.7.1';
export const clusterVersion = '3.7.0';
/** Major and minor, as the metric of the cluster's version and answers about downgrades have it. */
export const clusterLevel = '3.7';
export const storageVersion = '3.7.0';
