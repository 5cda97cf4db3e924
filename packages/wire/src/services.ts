/** The service tables: every method of proto/, by service. */
import { etcdserverpb, flotilla, grpc, v3electionpb, v3lockpb } from '../gen/wire.js';
import { bidi, serverStream, unary } from './service.ts';

/** `etcdserverpb.KV` */
export const kvService = {
  Range: unary('/etcdserverpb.KV/Range', etcdserverpb.RangeRequest, etcdserverpb.RangeResponse),
  RangeStream: serverStream(
    '/etcdserverpb.KV/RangeStream',
    etcdserverpb.RangeRequest,
    etcdserverpb.RangeStreamResponse,
  ),
  Put: unary('/etcdserverpb.KV/Put', etcdserverpb.PutRequest, etcdserverpb.PutResponse),
  DeleteRange: unary('/etcdserverpb.KV/DeleteRange', etcdserverpb.DeleteRangeRequest, etcdserverpb.DeleteRangeResponse),
  Txn: unary('/etcdserverpb.KV/Txn', etcdserverpb.TxnRequest, etcdserverpb.TxnResponse),
  Compact: unary('/etcdserverpb.KV/Compact', etcdserverpb.CompactionRequest, etcdserverpb.CompactionResponse),
} as const;

/** `etcdserverpb.Watch` */
export const watchService = {
  Watch: bidi('/etcdserverpb.Watch/Watch', etcdserverpb.WatchRequest, etcdserverpb.WatchResponse),
} as const;

/** `etcdserverpb.Lease` */
export const leaseService = {
  LeaseGrant: unary('/etcdserverpb.Lease/LeaseGrant', etcdserverpb.LeaseGrantRequest, etcdserverpb.LeaseGrantResponse),
  LeaseRevoke: unary(
    '/etcdserverpb.Lease/LeaseRevoke',
    etcdserverpb.LeaseRevokeRequest,
    etcdserverpb.LeaseRevokeResponse,
  ),
  LeaseKeepAlive: bidi(
    '/etcdserverpb.Lease/LeaseKeepAlive',
    etcdserverpb.LeaseKeepAliveRequest,
    etcdserverpb.LeaseKeepAliveResponse,
  ),
  LeaseTimeToLive: unary(
    '/etcdserverpb.Lease/LeaseTimeToLive',
    etcdserverpb.LeaseTimeToLiveRequest,
    etcdserverpb.LeaseTimeToLiveResponse,
  ),
  LeaseLeases: unary(
    '/etcdserverpb.Lease/LeaseLeases',
    etcdserverpb.LeaseLeasesRequest,
    etcdserverpb.LeaseLeasesResponse,
  ),
} as const;

/** `etcdserverpb.Cluster` */
export const clusterService = {
  MemberAdd: unary('/etcdserverpb.Cluster/MemberAdd', etcdserverpb.MemberAddRequest, etcdserverpb.MemberAddResponse),
  MemberRemove: unary(
    '/etcdserverpb.Cluster/MemberRemove',
    etcdserverpb.MemberRemoveRequest,
    etcdserverpb.MemberRemoveResponse,
  ),
  MemberUpdate: unary(
    '/etcdserverpb.Cluster/MemberUpdate',
    etcdserverpb.MemberUpdateRequest,
    etcdserverpb.MemberUpdateResponse,
  ),
  MemberList: unary(
    '/etcdserverpb.Cluster/MemberList',
    etcdserverpb.MemberListRequest,
    etcdserverpb.MemberListResponse,
  ),
  MemberPromote: unary(
    '/etcdserverpb.Cluster/MemberPromote',
    etcdserverpb.MemberPromoteRequest,
    etcdserverpb.MemberPromoteResponse,
  ),
} as const;

/** `etcdserverpb.Maintenance` */
export const maintenanceService = {
  Alarm: unary('/etcdserverpb.Maintenance/Alarm', etcdserverpb.AlarmRequest, etcdserverpb.AlarmResponse),
  Status: unary('/etcdserverpb.Maintenance/Status', etcdserverpb.StatusRequest, etcdserverpb.StatusResponse),
  Defragment: unary(
    '/etcdserverpb.Maintenance/Defragment',
    etcdserverpb.DefragmentRequest,
    etcdserverpb.DefragmentResponse,
  ),
  Hash: unary('/etcdserverpb.Maintenance/Hash', etcdserverpb.HashRequest, etcdserverpb.HashResponse),
  HashKV: unary('/etcdserverpb.Maintenance/HashKV', etcdserverpb.HashKVRequest, etcdserverpb.HashKVResponse),
  Snapshot: serverStream(
    '/etcdserverpb.Maintenance/Snapshot',
    etcdserverpb.SnapshotRequest,
    etcdserverpb.SnapshotResponse,
  ),
  MoveLeader: unary(
    '/etcdserverpb.Maintenance/MoveLeader',
    etcdserverpb.MoveLeaderRequest,
    etcdserverpb.MoveLeaderResponse,
  ),
  Downgrade: unary(
    '/etcdserverpb.Maintenance/Downgrade',
    etcdserverpb.DowngradeRequest,
    etcdserverpb.DowngradeResponse,
  ),
} as const;

/** `etcdserverpb.Auth` */
export const authService = {
  AuthEnable: unary('/etcdserverpb.Auth/AuthEnable', etcdserverpb.AuthEnableRequest, etcdserverpb.AuthEnableResponse),
  AuthDisable: unary(
    '/etcdserverpb.Auth/AuthDisable',
    etcdserverpb.AuthDisableRequest,
    etcdserverpb.AuthDisableResponse,
  ),
  AuthStatus: unary('/etcdserverpb.Auth/AuthStatus', etcdserverpb.AuthStatusRequest, etcdserverpb.AuthStatusResponse),
  Authenticate: unary(
    '/etcdserverpb.Auth/Authenticate',
    etcdserverpb.AuthenticateRequest,
    etcdserverpb.AuthenticateResponse,
  ),
  UserAdd: unary('/etcdserverpb.Auth/UserAdd', etcdserverpb.AuthUserAddRequest, etcdserverpb.AuthUserAddResponse),
  UserGet: unary('/etcdserverpb.Auth/UserGet', etcdserverpb.AuthUserGetRequest, etcdserverpb.AuthUserGetResponse),
  UserList: unary('/etcdserverpb.Auth/UserList', etcdserverpb.AuthUserListRequest, etcdserverpb.AuthUserListResponse),
  UserDelete: unary(
    '/etcdserverpb.Auth/UserDelete',
    etcdserverpb.AuthUserDeleteRequest,
    etcdserverpb.AuthUserDeleteResponse,
  ),
  UserChangePassword: unary(
    '/etcdserverpb.Auth/UserChangePassword',
    etcdserverpb.AuthUserChangePasswordRequest,
    etcdserverpb.AuthUserChangePasswordResponse,
  ),
  UserGrantRole: unary(
    '/etcdserverpb.Auth/UserGrantRole',
    etcdserverpb.AuthUserGrantRoleRequest,
    etcdserverpb.AuthUserGrantRoleResponse,
  ),
  UserRevokeRole: unary(
    '/etcdserverpb.Auth/UserRevokeRole',
    etcdserverpb.AuthUserRevokeRoleRequest,
    etcdserverpb.AuthUserRevokeRoleResponse,
  ),
  RoleAdd: unary('/etcdserverpb.Auth/RoleAdd', etcdserverpb.AuthRoleAddRequest, etcdserverpb.AuthRoleAddResponse),
  RoleGet: unary('/etcdserverpb.Auth/RoleGet', etcdserverpb.AuthRoleGetRequest, etcdserverpb.AuthRoleGetResponse),
  RoleList: unary('/etcdserverpb.Auth/RoleList', etcdserverpb.AuthRoleListRequest, etcdserverpb.AuthRoleListResponse),
  RoleDelete: unary(
    '/etcdserverpb.Auth/RoleDelete',
    etcdserverpb.AuthRoleDeleteRequest,
    etcdserverpb.AuthRoleDeleteResponse,
  ),
  RoleGrantPermission: unary(
    '/etcdserverpb.Auth/RoleGrantPermission',
    etcdserverpb.AuthRoleGrantPermissionRequest,
    etcdserverpb.AuthRoleGrantPermissionResponse,
  ),
  RoleRevokePermission: unary(
    '/etcdserverpb.Auth/RoleRevokePermission',
    etcdserverpb.AuthRoleRevokePermissionRequest,
    etcdserverpb.AuthRoleRevokePermissionResponse,
  ),
} as const;

/** `v3lockpb.Lock` */
export const lockService = {
  Lock: unary('/v3lockpb.Lock/Lock', v3lockpb.LockRequest, v3lockpb.LockResponse),
  Unlock: unary('/v3lockpb.Lock/Unlock', v3lockpb.UnlockRequest, v3lockpb.UnlockResponse),
} as const;

/** `v3electionpb.Election` */
export const electionService = {
  Campaign: unary('/v3electionpb.Election/Campaign', v3electionpb.CampaignRequest, v3electionpb.CampaignResponse),
  Proclaim: unary('/v3electionpb.Election/Proclaim', v3electionpb.ProclaimRequest, v3electionpb.ProclaimResponse),
  Leader: unary('/v3electionpb.Election/Leader', v3electionpb.LeaderRequest, v3electionpb.LeaderResponse),
  Observe: serverStream('/v3electionpb.Election/Observe', v3electionpb.LeaderRequest, v3electionpb.LeaderResponse),
  Resign: unary('/v3electionpb.Election/Resign', v3electionpb.ResignRequest, v3electionpb.ResignResponse),
} as const;

/** `grpc.health.v1.Health` */
export const healthService = {
  Check: unary('/grpc.health.v1.Health/Check', grpc.health.v1.HealthCheckRequest, grpc.health.v1.HealthCheckResponse),
  Watch: serverStream(
    '/grpc.health.v1.Health/Watch',
    grpc.health.v1.HealthCheckRequest,
    grpc.health.v1.HealthCheckResponse,
  ),
} as const;

/** `flotilla.v1.Resources` */
export const resourcesService = {
  Get: unary('/flotilla.v1.Resources/Get', flotilla.v1.GetRequest, flotilla.v1.ObjectResponse),
  List: unary('/flotilla.v1.Resources/List', flotilla.v1.ListRequest, flotilla.v1.ListResponse),
  Watch: serverStream('/flotilla.v1.Resources/Watch', flotilla.v1.WatchRequest, flotilla.v1.WatchResponse),
  Create: unary('/flotilla.v1.Resources/Create', flotilla.v1.CreateRequest, flotilla.v1.ObjectResponse),
  Update: unary('/flotilla.v1.Resources/Update', flotilla.v1.UpdateRequest, flotilla.v1.ObjectResponse),
  Patch: unary('/flotilla.v1.Resources/Patch', flotilla.v1.PatchRequest, flotilla.v1.ObjectResponse),
  Delete: unary('/flotilla.v1.Resources/Delete', flotilla.v1.DeleteRequest, flotilla.v1.ObjectResponse),
} as const;

/** `flotilla.v1.Lease` */
export const flotillaLeaseService = {
  LeaseGrant: unary('/flotilla.v1.Lease/LeaseGrant', etcdserverpb.LeaseGrantRequest, etcdserverpb.LeaseGrantResponse),
  LeaseRevoke: unary(
    '/flotilla.v1.Lease/LeaseRevoke',
    etcdserverpb.LeaseRevokeRequest,
    etcdserverpb.LeaseRevokeResponse,
  ),
  LeaseKeepAlive: bidi(
    '/flotilla.v1.Lease/LeaseKeepAlive',
    etcdserverpb.LeaseKeepAliveRequest,
    etcdserverpb.LeaseKeepAliveResponse,
  ),
  LeaseTimeToLive: unary(
    '/flotilla.v1.Lease/LeaseTimeToLive',
    etcdserverpb.LeaseTimeToLiveRequest,
    etcdserverpb.LeaseTimeToLiveResponse,
  ),
} as const;

/** `flotilla.v1.Election` */
export const flotillaElectionService = {
  Campaign: unary('/flotilla.v1.Election/Campaign', v3electionpb.CampaignRequest, v3electionpb.CampaignResponse),
  Proclaim: unary('/flotilla.v1.Election/Proclaim', v3electionpb.ProclaimRequest, v3electionpb.ProclaimResponse),
  Leader: unary('/flotilla.v1.Election/Leader', v3electionpb.LeaderRequest, v3electionpb.LeaderResponse),
  Observe: serverStream('/flotilla.v1.Election/Observe', v3electionpb.LeaderRequest, v3electionpb.LeaderResponse),
  Resign: unary('/flotilla.v1.Election/Resign', v3electionpb.ResignRequest, v3electionpb.ResignResponse),
} as const;
