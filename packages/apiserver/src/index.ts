/** REST and gRPC over one registry; watch cache, authentication, admission, discovery, OpenAPI. */
export {};
