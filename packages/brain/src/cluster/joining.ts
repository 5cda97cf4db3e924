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
  /** How long the others may be away, all of them; they are asked once unless told. */
  readonly patience?: { readonly clock: Clock; readonly ms: number };
}

/** Between two times of asking others that are all away. */
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

async function join(flags: Membership, { ask, patience }: JoiningOptions): Promise<Membership> {
  const urls = flags.members.filter(({ id }) => id !== flags.self.id).flatMap(({ peerUrls }) => peerUrls);
  const problems: string[] = [];
  const answers = await askUntilOneAnswers(() => Promise.allSettled(urls.map(ask)), patience);
  for (const [i, answer] of answers.entries()) {
    const found = answer.status === 'fulfilled' ? match(flags, answer.value) : messageOf(answer.reason);
    if (typeof found !== 'string') return found;
    problems.push(`${urls[i]}: ${found}`);
  }
  throw new OperatingError(
    'JOIN_FAILED',
    `the cluster that --initial-cluster describes can't be joined (${problems.join('; ') || 'it names no other member'}): add ` +
      'this member first (etcdctl member add), and give --initial-cluster with all members, as that prints it',
  );
}

type Answers = readonly PromiseSettledResult<KnownCluster>[];

/** All members may be starting at the same time: one that joins then waits for the others. */
async function askUntilOneAnswers(ask: () => Promise<Answers>, patience: JoiningOptions['patience']): Promise<Answers> {
  const sinceMs = patience?.clock.monotonicMs() ?? 0;
  for (;;) {
    const answers = await ask();
    const allAway = answers.length > 0 && answers.every(({ status }) => status === 'rejected');
    if (!allAway || !patience || patience.clock.monotonicMs() - sinceMs >= patience.ms) return answers;
    await new Promise<void>((resolve) => void patience.clock.after(pauseMs, resolve));
  }
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
