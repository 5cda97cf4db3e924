/** The wire: messages, service tables, and what mounts or calls them. */
export { authpb, etcdserverpb, flotilla, grpc, mvccpb, v3electionpb, v3lockpb } from '../gen/wire.js';
export type { ChannelContext, ChannelTls } from './channel-tls.ts';
export {
  type CallOf,
  type CallOptions,
  type Channel,
  type ChannelOptions,
  type ServiceClient,
  connectService,
  openChannel,
} from './client.ts';
export { type ClientStream, type StreamOptions, openStream } from './grpc/client-stream.ts';
export { type WireInteger, clampInteger, fromId, fromUnsignedId, toId, toSafeInteger } from './integers.ts';
export { clientCertificateOf } from './client-certificate.ts';
export { type MountOptions, mountService } from './grpc-js/mount.ts';
export { pushFormOf, runPushed } from './push-form.ts';
export {
  type CallObserver,
  type RpcServer,
  type RpcServerKind,
  type RpcServerOptions,
  createRpcServer,
  rpcServerKinds,
} from './rpc-server.ts';
export {
  type BidiHandler,
  type BidiMethod,
  type CallContext,
  type ClientCertificate,
  type Codec,
  Encoded,
  type HandlerOf,
  type Handlers,
  type Method,
  type PushHandler,
  Pushed,
  type RequestStream,
  type EncodedRun,
  type ResponseSink,
  type ServerStreamHandler,
  type ServerStreamMethod,
  type ServiceTable,
  type UnaryHandler,
  type UnaryMethod,
  bidi,
  messageCodec,
  pushed,
  serverStream,
  unary,
} from './service.ts';
export {
  authService,
  clusterService,
  electionService,
  flotillaElectionService,
  flotillaLeaseService,
  healthService,
  kvService,
  leaseService,
  lockService,
  maintenanceService,
  resourcesService,
  watchService,
} from './services.ts';
export { RpcError, StatusCode, type Trailers, isRpcError } from './status.ts';
export { isTlsSocket } from './tls-socket.ts';
