/**
 * `--force-new-cluster`: the last member of a cluster that is dead for good goes on alone, with the data it has. Its own id and the
 * cluster's stay, and so do keys, revisions, leases and users.
 *
 * What the log holds beyond what is known to be committed is kept: the commit index on disk is only a hint, and a write
 * that was acknowledged may lie behind it. Then follow conf changes that give this member a vote and remove all others, in a
 * term that no other member has had, and all of it counts as committed. It is as if this member had been elected in that term, and all
 * the others had agreed.
 *
 * Nothing of that may reach the state on disk before the log has it durably. A start that is cut short leaves a member of the old
 * cluster, or one with conf changes in its log that nobody has committed and that it can't commit alone: the next start with the
 * flag commits them.
 */
import { type Logger, OperatingError, type Randomness, assert } from '@flotilla/base';
import {
  type ConfChange,
  type Config,
  type Entry,
  type MemberChange,
  type NodeId,
  decodeConfChange,
  decodeConfig,
  encodeConfChange,
  encodeConfig,
  isVoter,
  nextConfig,
} from '@flotilla/raft';
import { type MembershipEntryType, type Store, encodeEntry, sourceOf } from '@flotilla/store';
import { etcdserverpb, fromUnsignedId } from '@flotilla/wire';
import type { DurableLog } from '../log/durable-log.ts';
import type { Files } from '../log/files.ts';
import { directoryOwner } from '../log/data-directory.ts';
import type { RecoveredLog } from '../log/recovery.ts';
import { idText } from '../log/refusal.ts';
import type { BrainSettings } from '../options.ts';

/** @throws OperatingError `FORCE_REFUSED` when there is no data to go on with. */
export async function settleAlone(settings: BrainSettings, files: Files): Promise<BrainSettings> {
  const { dataDir, membership } = settings;
  const owner = await directoryOwner(files, dataDir);
  if (!owner) throw refused(`${dataDir} holds no member's data`);
  const self = { ...membership.self, id: owner.memberId };
  return { ...settings, membership: { clusterId: owner.clusterId, members: [self], self, isInitial: false } };
}

/** What a log was found to hold, as far as it goes on from the state. */
export type FittingLog = Pick<RecoveredLog, 'hardState' | 'base' | 'entries'>;

export interface ForcedMember {
  readonly self: NodeId;
  readonly directory: string;
  readonly store: Store;
  readonly log: DurableLog;
  readonly randomness: Randomness;
  readonly logger: Logger;
}

/**
 * Makes the member the only one, in log and state; may be repeated.
 * @returns what the log holds then, all of it committed and applied
 * @throws OperatingError `FORCE_REFUSED` for one that was removed, or that has not learned yet who the members are.
 */
export async function forceNewCluster(found: FittingLog, member: ForcedMember): Promise<FittingLog> {
  const { self, directory, store, log, logger } = member;
  const { base, entries, hardState } = found;
  const first = entries.findIndex(({ index }) => index > store.appliedIndex);
  if (first >= 0) applyAll(store, entries.slice(first));
  const { members, removed } = store.membership;
  if (removed.has(self)) throw refused(`the member ${idText(self)} in ${directory} was removed from its cluster`);
  if (!members.has(self)) throw refused(`the member ${idText(self)} in ${directory} has never got the cluster's data`);
  const others = [...members.keys()].filter((id) => id !== self);
  const term = hardState.term + 1;
  const last = log.synced.index;
  const forced = changesTo(member).map((change, i): Entry => {
    return { type: 'confChange', term, index: last + 1 + i, data: encodeConfChange(change) };
  });
  logger.warn(
    '--force-new-cluster: this member goes on alone, and all others are removed for good: they must never run again. Leave the ' +
      'flag out from the next start on',
    { directory, member: idText(self), removed: others.map(idText), lastIndex: last },
  );
  // Torn, the first batch must not say that what was there is committed; and no batch says so of its own entries.
  await log.append({ hardState: { term, vote: self, commit: hardState.commit }, entries: forced });
  await log.append({ hardState: { term, vote: self, commit: log.synced.index } });
  applyAll(store, forced);
  return { base, entries: [...entries, ...forced], hardState: log.hardState };
}

/** The conf changes that lead from the applied configuration to one of this member alone. */
function changesTo({ self, store, randomness }: ForcedMember): readonly ConfChange[] {
  const source = sourceOf({ memberId: self, run: Buffer.from(randomness.bytes(4)).readUInt32BE() });
  const change = (type: MembershipEntryType, body: Uint8Array, member: MemberChange): ConfChange => {
    const context = encodeEntry({ type, source, requestId: 0, body });
    return { kind: 'change', transition: 'auto', members: [member], context };
  };
  const promotion = (): ConfChange => {
    const body = etcdserverpb.MemberPromoteRequest.encode({ ID: fromUnsignedId(self) }).finish();
    return change('memberPromote', body, { type: 'voter', id: self });
  };
  const removal = (id: NodeId): ConfChange => {
    const body = etcdserverpb.MemberRemoveRequest.encode({ ID: fromUnsignedId(id) }).finish();
    return change('memberRemove', body, { type: 'remove', id });
  };
  const config = configOf(store);
  const others = [...store.membership.members.keys()].filter((id) => id !== self);
  const changes = [...(isVoter(config, self) ? [] : [promotion()]), ...others.map(removal)];
  const { voters, votersOutgoing, learners } = changes.reduce(following, config);
  const isAlone = voters.length === 1 && voters[0] === self && votersOutgoing.length + learners.length === 0;
  if (!isAlone) throw refused('the members in its data are not those of its configuration');
  return changes;
}

/** Applies entries as a running member does, but that nobody waits for them. */
function applyAll(store: Store, entries: readonly Entry[]): void {
  for (const entry of entries) {
    if (entry.type === 'normal') {
      store.apply([entry]);
      continue;
    }
    const change = decodeConfChange(entry.data);
    const config = configOf(store);
    store.applyConfChange({ ...entry, data: change.context }, (isAccepted) =>
      encodeConfig(isAccepted ? following(config, change) : config),
    );
  }
}

function following(config: Config, change: ConfChange): Config {
  const next = nextConfig(config, change);
  assert('config' in next, `a conf change of the log does not fit: ${'refused' in next ? next.refused : ''}`);
  return next.config;
}

/** @throws OperatingError `FORCE_REFUSED` */
function configOf({ membership }: Store): Config {
  if (!membership.config) throw refused('the member has never got the data of its cluster');
  return decodeConfig(membership.config);
}

function refused(why: string): OperatingError {
  return new OperatingError(
    'FORCE_REFUSED',
    `--force-new-cluster makes a new cluster from the data of a member of a dead one, and ${why}. Give the --data-dir of a ` +
      'member that has the data, or leave the flag out',
  );
}
