/**
 * Names and numbers of the fields that clients know, against `proto/etcd`. Client and server of the other tests share our
 * codecs, so a wrong number of a field that the etcd at hand has not got would go unseen there.
 *
 * Source: etcd's `api/etcdserverpb/rpc.proto` and its neighbours, as of v3.7.1.
 */
import { readFileSync, readdirSync } from 'node:fs';
import t from 'tap';

const protoRoot = new URL('../../../proto/etcd/', import.meta.url);

/** Message → its fields as `name=number`, those of oneofs among them. Enums → their values. */
function declarations(proto: string): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  const open: string[] = [];
  for (const line of proto.replace(/\/\*.*?\*\//gs, '').split('\n')) {
    const code = line.replace(/\/\/.*/, '');
    const opened = /^\s*(?:message|enum|service|oneof|extend)\s+(\w+)/.exec(code)?.[1];
    if (opened !== undefined) {
      const isOneof = /^\s*oneof/.test(code);
      open.push(isOneof ? (open.at(-1) ?? '') : opened);
      if (!isOneof) found.set(opened, []);
    } else if (/\{/.test(code) && !/\}/.test(code)) {
      open.push('');
    }
    const field =
      /^\s*(?:repeated\s+)?(?:map<[^>]*>|[\w.]+)\s+(\w+)\s*=\s*(\d+)/.exec(code) ?? /^\s*(\w+)\s*=\s*(\d+)/.exec(code);
    const scope = open.at(-1);
    if (field && scope !== undefined && scope !== '') found.get(scope)?.push(`${field[1]}=${field[2]}`);
    if (/\}/.test(code)) open.pop();
  }
  return found;
}

const all = new Map(
  readdirSync(protoRoot).flatMap((file) => [...declarations(readFileSync(new URL(file, protoRoot), 'utf8'))]),
);

const onlyHeader = 'header=1';
const members = 'header=1 members=2';

const expected: Readonly<Record<string, string>> = {
  ResponseHeader: 'cluster_id=1 member_id=2 revision=3 raft_term=4',
  KeyValue: 'key=1 create_revision=2 mod_revision=3 version=4 value=5 lease=6',
  Event: 'type=1 kv=2 prev_kv=3',
  EventType: 'PUT=0 DELETE=1',
  RangeRequest:
    'key=1 range_end=2 limit=3 revision=4 sort_order=5 sort_target=6 serializable=7 keys_only=8 count_only=9 ' +
    'min_mod_revision=10 max_mod_revision=11 min_create_revision=12 max_create_revision=13',
  SortOrder: 'NONE=0 ASCEND=1 DESCEND=2',
  SortTarget: 'KEY=0 VERSION=1 CREATE=2 MOD=3 VALUE=4',
  RangeResponse: 'header=1 kvs=2 more=3 count=4',
  RangeStreamResponse: 'range_response=1',
  PutRequest: 'key=1 value=2 lease=3 prev_kv=4 ignore_value=5 ignore_lease=6',
  PutResponse: 'header=1 prev_kv=2',
  DeleteRangeRequest: 'key=1 range_end=2 prev_kv=3',
  DeleteRangeResponse: 'header=1 deleted=2 prev_kvs=3',
  RequestOp: 'request_range=1 request_put=2 request_delete_range=3 request_txn=4',
  ResponseOp: 'response_range=1 response_put=2 response_delete_range=3 response_txn=4',
  Compare: 'result=1 target=2 key=3 version=4 create_revision=5 mod_revision=6 value=7 lease=8 range_end=64',
  CompareResult: 'EQUAL=0 GREATER=1 LESS=2 NOT_EQUAL=3',
  CompareTarget: 'VERSION=0 CREATE=1 MOD=2 VALUE=3 LEASE=4',
  TxnRequest: 'compare=1 success=2 failure=3',
  TxnResponse: 'header=1 succeeded=2 responses=3',
  CompactionRequest: 'revision=1 physical=2',
  CompactionResponse: onlyHeader,
  WatchRequest: 'create_request=1 cancel_request=2 progress_request=3',
  WatchCreateRequest: 'key=1 range_end=2 start_revision=3 progress_notify=4 filters=5 prev_kv=6 watch_id=7 fragment=8',
  FilterType: 'NOPUT=0 NODELETE=1',
  WatchCancelRequest: 'watch_id=1',
  WatchResponse: 'header=1 watch_id=2 created=3 canceled=4 compact_revision=5 cancel_reason=6 fragment=7 events=11',
  LeaseGrantRequest: 'TTL=1 ID=2',
  LeaseGrantResponse: 'header=1 ID=2 TTL=3 error=4',
  LeaseRevokeRequest: 'ID=1',
  LeaseKeepAliveRequest: 'ID=1',
  LeaseKeepAliveResponse: 'header=1 ID=2 TTL=3',
  LeaseTimeToLiveRequest: 'ID=1 keys=2',
  LeaseTimeToLiveResponse: 'header=1 ID=2 TTL=3 grantedTTL=4 keys=5',
  LeaseStatus: 'ID=1',
  LeaseLeasesResponse: 'header=1 leases=2',
  Member: 'ID=1 name=2 peerURLs=3 clientURLs=4 isLearner=5',
  MemberAddRequest: 'peerURLs=1 isLearner=2',
  MemberAddResponse: 'header=1 member=2 members=3',
  MemberRemoveRequest: 'ID=1',
  MemberRemoveResponse: members,
  MemberUpdateRequest: 'ID=1 peerURLs=2',
  MemberUpdateResponse: members,
  MemberListRequest: 'linearizable=1',
  MemberListResponse: members,
  MemberPromoteRequest: 'ID=1',
  MemberPromoteResponse: members,
  AlarmRequest: 'action=1 memberID=2 alarm=3',
  AlarmAction: 'GET=0 ACTIVATE=1 DEACTIVATE=2',
  AlarmType: 'NONE=0 NOSPACE=1 CORRUPT=2',
  AlarmMember: 'memberID=1 alarm=2',
  AlarmResponse: 'header=1 alarms=2',
  StatusResponse:
    'header=1 version=2 dbSize=3 leader=4 raftIndex=5 raftTerm=6 raftAppliedIndex=7 errors=8 dbSizeInUse=9 isLearner=10 ' +
    'storageVersion=11 dbSizeQuota=12 downgradeInfo=13',
  DowngradeInfo: 'enabled=1 targetVersion=2',
  HashKVRequest: 'revision=1',
  HashKVResponse: 'header=1 hash=2 compact_revision=3 hash_revision=4',
  HashResponse: 'header=1 hash=2',
  DefragmentResponse: onlyHeader,
  SnapshotResponse: 'header=1 remaining_bytes=2 blob=3 version=4',
  MoveLeaderRequest: 'targetID=1',
  MoveLeaderResponse: onlyHeader,
  DowngradeRequest: 'action=1 version=2',
  DowngradeAction: 'VALIDATE=0 ENABLE=1 CANCEL=2',
  DowngradeResponse: 'header=1 version=2',
  AuthStatusResponse: 'header=1 enabled=2 authRevision=3',
  AuthenticateRequest: 'name=1 password=2',
  AuthenticateResponse: 'header=1 token=2',
  AuthUserAddRequest: 'name=1 password=2 options=3 hashedPassword=4',
  UserAddOptions: 'no_password=1',
  AuthUserGetRequest: 'name=1',
  AuthUserGetResponse: 'header=1 roles=2',
  AuthUserDeleteRequest: 'name=1',
  AuthUserChangePasswordRequest: 'name=1 password=2 hashedPassword=3',
  AuthUserGrantRoleRequest: 'user=1 role=2',
  AuthUserRevokeRoleRequest: 'name=1 role=2',
  AuthUserListResponse: 'header=1 users=2',
  AuthRoleAddRequest: 'name=1',
  AuthRoleGetRequest: 'role=1',
  AuthRoleGetResponse: 'header=1 perm=2',
  AuthRoleListResponse: 'header=1 roles=2',
  AuthRoleDeleteRequest: 'role=1',
  AuthRoleGrantPermissionRequest: 'name=1 perm=2',
  AuthRoleRevokePermissionRequest: 'role=1 key=2 range_end=3',
  Permission: 'permType=1 key=2 range_end=3',
  LockRequest: 'name=1 lease=2',
  LockResponse: 'header=1 key=2',
  UnlockRequest: 'key=1',
  CampaignRequest: 'name=1 lease=2 value=3',
  CampaignResponse: 'header=1 leader=2',
  LeaderKey: 'name=1 key=2 rev=3 lease=4',
  ProclaimRequest: 'leader=1 value=2',
  LeaderRequest: 'name=1',
  LeaderResponse: 'header=1 kv=2',
  ResignRequest: 'leader=1',
};

t.test('messages and enums have the names and numbers that clients know', (t) => {
  for (const [name, fields] of Object.entries(expected)) t.equal(all.get(name)?.join(' '), fields, name);
  t.end();
});
