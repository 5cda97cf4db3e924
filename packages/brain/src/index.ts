/** One member: drives raft and store, the peer transport, the etcd v3 services, health and metrics. */
export {};
