/**
 * `@grpc/grpc-js`, loaded when it is first asked for. With Node's `http2`, which only it needs, it is a sixth of what a member
 * has to load before it serves, and most members never call with it.
 */
type Library = typeof import('@grpc/grpc-js', { with: { 'resolution-mode': 'require' } });

const library = (): Library => require('@grpc/grpc-js') as Library;

export = { library };
