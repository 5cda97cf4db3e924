/** Why a member refuses to start on its files: always with the file, the place in it, and the way out. */
import { OperatingError } from '@flotilla/base';

/** Ids that every file of a member carries. */
export interface MemberIdentity {
  readonly clusterId: bigint;
  readonly memberId: bigint;
}

/** An id as etcd prints it. */
export function idText(id: bigint): string {
  return id.toString(16);
}

const wayOut =
  'Nothing was changed. If the other members are healthy, replace this member: remove it from the cluster, move its data ' +
  'directory away and add it again; otherwise restore the directory from a backup';

/** Something that was durable is damaged or gone. */
export function corrupt(path: string, offset: number, what: string): OperatingError {
  return new OperatingError('DATA_CORRUPT', `${path}, offset ${offset}: ${what}. ${wayOut}`);
}

/** A file that must be there is not. */
export function missing(path: string, why: string): OperatingError {
  return new OperatingError('DATA_MISSING', `${path} is missing: ${why}. ${wayOut}`);
}

/** The directory belongs to somebody else. */
export function foreign(path: string, found: MemberIdentity, wanted: MemberIdentity): OperatingError {
  const [subject, foundId, wantedId] =
    found.clusterId === wanted.clusterId
      ? ['member', found.memberId, wanted.memberId]
      : ['cluster', found.clusterId, wanted.clusterId];
  return new OperatingError(
    'DATA_FOREIGN',
    `${path} belongs to ${subject} ${idText(foundId)}, but the flags describe ${subject} ${idText(wantedId)}: ` +
      'give another --data-dir, or correct --initial-cluster, --initial-cluster-token and --initial-advertise-peer-urls; a ' +
      'member that was added later, or whose peer URLs were changed, starts with --initial-cluster-state=existing',
  );
}

/** Written by a version that this one does not know. */
export function unknownFormat(path: string, version: number): OperatingError {
  return new OperatingError(
    'DATA_FORMAT',
    `${path} has format version ${version}, which this version does not know: start the version that wrote it`,
  );
}
