/**
 * Who this member is, before it starts. Its data directory knows, if it has one. Without one, the member of a new cluster takes
 * what the flags say; one that joins asks the others, who were told of it when it was added: by its peer URLs, which is all that
 * both sides know.
 */
import { type Clock, OperatingError, messageOf } from '@flotilla/base';
import type { Files } from '../log/files.ts';
import { directoryOwner } from '../log/data-directory.ts';
import type { BrainSettings } from '../options.ts';
import type { KnownMember } from '../transport/transport.ts';
import { type ClusterMember, type Membership, byId } from './membership.ts';

/** A cluster as one of its members describes it. */
export interface KnownCluster {
  readonly clusterId: bigint;
  readonly members: readonly KnownMember[];
}

export interface JoiningOptions {
  readonly files: Files;
  /** Asks whoever listens at a peer URL. */
  readonly ask: (peerUrl: string) => Promise<KnownCluster>;
  /** How long none of the others may know of this member; they are asked once unless told. */
  readonly patience?: { readonly clock: Clock; readonly ms: number };
}

/** Between two times of asking. */
const pauseMs = 250;

/**
 * The settings with the membership that the member starts with.
 * @throws OperatingError `JOIN_FAILED` when nobody can be asked, or the cluster and the flags do not agree.
 */
export async function settleMembership(settings: BrainSettings, options: JoiningOptions): Promise<BrainSettings> {
  // The flags of a new cluster are compared with the directory when it is opened.
  if (settings.initialClusterState === 'new') return settings;
  const { membership, dataDir } = settings;
  const owner = await directoryOwner(options.files, dataDir);
  if (!owner) return { ...settings, membership: await join(membership, options) };
  if (owner.clusterId === membership.clusterId && owner.memberId === membership.self.id) return settings;
  const self = { ...membership.self, id: owner.memberId };
  return { ...settings, membership: { clusterId: owner.clusterId, members: [self], self, isInitial: false } };
}

/**
 * All members may be starting at the same time: then the others are away, or do not know yet what they decided before. So
 * they are asked again for a while.
 */
async function join(flags: Membership, { ask, patience }: JoiningOptions): Promise<Membership> {
  const urls = flags.members.filter(({ id }) => id !== flags.self.id).flatMap(({ peerUrls }) => peerUrls);
  if (urls.length === 0) throw joinFailed('it names no other member');
  const sinceMs = patience?.clock.monotonicMs() ?? 0;
  for (;;) {
    const found = await askEach(flags, urls, ask);
    if (typeof found !== 'string') return found;
    if (!patience || patience.clock.monotonicMs() - sinceMs >= patience.ms) throw joinFailed(found);
    await new Promise<void>((resolve) => void patience.clock.after(pauseMs, resolve));
  }
}

/**
 * The membership that the others know, or why it can't be told. One that lags may still have, at this member's URLs, the removed
 * one whose place this takes: under that id, with an empty disk, it would help those behind to lead again without what was
 * decided since. So most of those that vote must say the same; a newcomer is of little use without them anyway.
 */
async function askEach(
  flags: Membership,
  urls: readonly string[],
  ask: JoiningOptions['ask'],
): Promise<Membership | string> {
  const problems: string[] = [];
  const views = new Map<string, View>();
  const answers = await Promise.allSettled(urls.map(ask));
  for (const [i, answer] of answers.entries()) {
    const found = answer.status === 'fulfilled' ? match(flags, answer.value) : messageOf(answer.reason);
    if (typeof found === 'string') {
      problems.push(`${urls[i]}: ${found}`);
      continue;
    }
    const text = found.members.map(({ id, isLearner }) => `${id}${isLearner ? ' learns' : ''}`).join();
    const view = views.get(text) ?? { membership: found, sharedBy: new Set<bigint>() };
    views.set(text, view);
    for (const member of found.members) if (member.peerUrls.includes(urls[i] ?? '')) view.sharedBy.add(member.id);
  }
  for (const { membership, sharedBy } of views.values()) {
    const voters = membership.members.filter(({ id, isLearner }) => !isLearner && id !== membership.self.id);
    const agreeing = voters.filter(({ id }) => sharedBy.has(id)).length;
    if (2 * agreeing > voters.length) return membership;
    problems.push(`only ${agreeing} of the ${voters.length} others that vote say who this member is`);
  }
  return problems.join('; ');
}

/** What some of the others agree on. */
interface View {
  readonly membership: Membership;
  readonly sharedBy: Set<bigint>;
}

function joinFailed(why: string): OperatingError {
  return new OperatingError(
    'JOIN_FAILED',
    `the cluster that --initial-cluster describes can't be joined (${why}): add this member first (etcdctl member add), and ` +
      'give --initial-cluster with all members, as that prints it',
  );
}

/** The membership as the others know it, or why it is not the one of the flags. */
function match(flags: Membership, { clusterId, members }: KnownCluster): Membership | string {
  if (members.length !== flags.members.length) {
    return `member count is unequal: the flags name ${flags.members.length}, the cluster has ${members.length}`;
  }
  const matched: ClusterMember[] = [];
  for (const { name, peerUrls } of flags.members) {
    const found = members.find((member) => sameUrls(member.peerUrls, peerUrls));
    if (!found) return `unmatched member while checking PeerURLs: the cluster has none at ${peerUrls.join()}`;
    if (name === flags.self.name && found.name !== '') {
      // What it had promised is lost with its log: under its old id it could undo what the others count on.
      return `this member (${found.id.toString(16)}) has already been started, and has lost its data directory: remove it, add it anew`;
    }
    matched.push({ id: found.id, name, peerUrls, isLearner: found.isLearner });
  }
  const self = matched.find(({ name }) => name === flags.self.name);
  if (!self) return 'the flags do not name this member';
  return { clusterId, members: matched.sort((a, b) => byId(a.id, b.id)), self, isInitial: false };
}

function sameUrls(a: readonly string[], b: readonly string[]): boolean {
  return [...a].sort().join() === [...b].sort().join();
}
