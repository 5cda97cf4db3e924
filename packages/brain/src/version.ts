/** The etcd release whose wire this member speaks: clients parse it and switch features by it. */
export const serverVersion = '3.7.0';
export const clusterVersion = '3.7.0';
export const storageVersion = '3.7.0';
