/**
 * Who this member is, before it starts. Its data directory knows, if it has one. Without one, the member of a new cluster takes
 * what the flags say; one that joins asks the others, who were told of it when it was added: by its peer URLs, which is all that
 * both sides know.
 *
 * Another member may have been at these URLs before. One that is behind may not know that it was removed, nor that it ever
 * started; who took that one's id, with an empty log, would vote again where the other had voted, and the entries that the other
 * had confirmed would be gone. So one answer is not enough. Any majority that could have committed the removal counts the one
 * removed and at least one of any half of the voters: when half of them (rounded up) say the same, and no change waits in their
 * logs, nothing was committed that they do not know. That is as many as it took to add this member.
 */
import { type Clock, OperatingError, messageOf } from '@flotilla/base';
import type { Files } from '../log/files.ts';
import { directoryOwner } from '../log/data-directory.ts';
import type { BrainSettings } from '../options.ts';
import type { KnownMember } from '../transport/transport.ts';
import { settleAlone } from './force-new-cluster.ts';
import { type ClusterMember, type Membership, byId } from './membership.ts';

/** A cluster as one of its members describes it. */
export interface KnownCluster {
  /** Who says so. */
  readonly from: bigint;
  readonly clusterId: bigint;
  /** Empty when it joins itself, and has no state yet. */
  readonly members: readonly KnownMember[];
  /** A change of the members is in its log, and not applied. */
  readonly isChanging: boolean;
}

/** Those who say the same, word for word but for names. */
interface Agreement {
  readonly membership: Membership;
  readonly answers: readonly KnownCluster[];
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
 * @throws OperatingError `FORCE_REFUSED` when it is to go on alone and has no data; `JOIN_FAILED` when nobody can be asked, or the cluster and the flags do not agree.
 */
export async function settleMembership(settings: BrainSettings, options: JoiningOptions): Promise<BrainSettings> {
  if (settings.forceNewCluster) return await settleAlone(settings, options.files);
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

/** The membership on which enough of the others agree, or why there is none. */
async function askEach(
  flags: Membership,
  urls: readonly string[],
  ask: JoiningOptions['ask'],
): Promise<Membership | string> {
  const problems: string[] = [];
  const heard: KnownCluster[] = [];
  const agreements = new Map<string, Agreement>();
  const answers = await Promise.allSettled(urls.map(ask));
  for (const [i, answer] of answers.entries()) {
    if (answer.status === 'fulfilled') heard.push(answer.value);
    const found = answer.status === 'fulfilled' ? match(flags, answer.value) : messageOf(answer.reason);
    if (typeof found === 'string') problems.push(`${urls[i]}: ${found}`);
    else if (answer.status === 'fulfilled') agree(agreements, found, answer.value);
  }
  for (const agreement of agreements.values()) {
    const problem = problemOf(agreement, heard);
    if (problem === undefined) return agreement.membership;
    problems.push(problem);
  }
  return problems.join('; ');
}

function agree(agreements: Map<string, Agreement>, membership: Membership, answer: KnownCluster): void {
  const members = membership.members.map(({ id, peerUrls, isLearner }) => `${id}@${peerUrls.join('+')}/${isLearner}`);
  const text = `${membership.clusterId} ${members.join()}`;
  const { answers = [] } = agreements.get(text) ?? {};
  agreements.set(text, { membership, answers: [...answers, answer] });
}

/** Why a membership can't be believed yet. */
function problemOf(
  { membership: { members, self }, answers }: Agreement,
  heard: readonly KnownCluster[],
): string | undefined {
  const known = heard.flatMap((answer) => answer.members);
  if (known.some(({ id, name }) => id === self.id && name !== '')) {
    // What it had promised is lost with its log: under its old id it could undo what the others count on.
    return `this member (${self.id.toString(16)}) has already been started, and has lost its data directory: remove it, add it anew`;
  }
  const voters = new Set(members.filter(({ isLearner }) => !isLearner).map(({ id }) => id));
  const needed = Math.ceil(voters.size / 2);
  const agreeing = votersOf(voters, answers);
  if (agreeing < needed)
    return `${agreeing} of ${voters.size} voters know the members as the flags name them, and ${needed} must`;
  // With fewer, the change may need this very member.
  const canDecide = 2 * votersOf(voters, heard) > voters.size;
  if (canDecide && answers.some(({ isChanging }) => isChanging)) return 'the members are just changing';
  return undefined;
}

/** How many of the voters are among those that answered. */
function votersOf(voters: ReadonlySet<bigint>, answers: readonly KnownCluster[]): number {
  return new Set(answers.map(({ from }) => from).filter((id) => voters.has(id))).size;
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
  if (members.length === 0) return 'it waits to be told who the members are';
  if (members.length !== flags.members.length) {
    return `member count is unequal: the flags name ${flags.members.length}, the cluster has ${members.length}`;
  }
  const matched: ClusterMember[] = [];
  for (const { name, peerUrls } of flags.members) {
    const found = members.find((member) => sameUrls(member.peerUrls, peerUrls));
    if (!found) return `unmatched member while checking PeerURLs: the cluster has none at ${peerUrls.join()}`;
    matched.push({ id: found.id, name, peerUrls, isLearner: found.isLearner });
  }
  const self = matched.find(({ name }) => name === flags.self.name);
  if (!self) return 'the flags do not name this member';
  return { clusterId, members: matched.sort((a, b) => byId(a.id, b.id)), self, isInitial: false };
}

function sameUrls(a: readonly string[], b: readonly string[]): boolean {
  return [...a].sort().join() === [...b].sort().join();
}
