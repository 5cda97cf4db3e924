/**
 * The rules of membership changes (`membership.ts`) and the least of raft around them, so small that everything that can happen to
 * two members within a few terms and entries is tried. There are no messages: what arrives late is what is sent late. A crash may
 * leave a member any older state beside its whole log, and no commit index.
 */

/** What keeps changes apart; without one of them, two members may come to hold different histories. */
export interface ChangeRules {
  /** A leader appends no change while one in its log is not applied. */
  readonly oneAtATime: boolean;
  /** Nobody campaigns before it has applied the changes that it knows to be committed. */
  readonly appliesBeforeCampaigns: boolean;
  /** A log with two changes proves that the first is committed. */
  readonly twoProveOne: boolean;
  /** A leader appends no change before an entry of its own term is committed. */
  readonly ownTermFirst: boolean;
}

export interface Bounds {
  readonly terms: number;
  /** Of a log. */
  readonly entries: number;
}

/** `voters`: a set of bits, one a member; 0 when the entry changes nobody. */
interface Entry {
  readonly term: number;
  readonly voters: number;
}

interface One {
  readonly term: number;
  readonly vote: number;
  readonly role: 'follower' | 'candidate' | 'leader';
  /** A set of bits. */
  readonly votes: number;
  readonly log: readonly Entry[];
  readonly commit: number;
  readonly applied: number;
  /** Of a leader: how much of its log the other holds. */
  readonly match: number;
}

/** Two members, and what was ever committed. */
interface Situation {
  readonly ones: readonly One[];
  readonly decided: readonly Entry[];
}

const ids = [0, 1];
const nobody = -1;
/** The first member alone. */
const firstVoters = 1;
const fresh: One = { term: 0, vote: nobody, role: 'follower', votes: 0, log: [], commit: 0, applied: 0, match: 0 };

export interface Exploration {
  /** Different histories at two members, or two leaders of a term, could come to be. */
  readonly breaks: boolean;
  readonly situations: number;
}

/** Tries all that can happen. */
export function explore(rules: ChangeRules, bounds: Bounds): Exploration {
  const start: Situation = { ones: ids.map(() => fresh), decided: [] };
  const known = new Set([textOf(start)]);
  const open = [start];
  for (let one = open.pop(); one; one = open.pop()) {
    for (const next of successors(one, rules, bounds)) {
      if (next === 'broken') return { breaks: true, situations: known.size };
      const text = textOf(next);
      if (known.has(text)) continue;
      known.add(text);
      open.push(next);
    }
  }
  return { breaks: false, situations: known.size };
}

function* successors(situation: Situation, rules: ChangeRules, bounds: Bounds): Generator<Situation | 'broken'> {
  for (const id of ids) {
    const one = situation.ones[id] as One;
    if (one.applied < one.commit) yield put(situation, id, { applied: one.applied + 1 });
    yield* crashes(situation, id, rules);
    if (one.role !== 'leader' && one.term < bounds.terms && mayCampaign(one, id, rules)) {
      const term = one.term + 1;
      yield put(situation, id, { term, vote: id, role: 'candidate', votes: 1 << id, match: 0 });
    }
    if (one.role === 'candidate') yield* election(situation, id, bounds);
    if (one.role === 'leader') yield* leading(situation, id, rules, bounds);
  }
}

function* crashes(situation: Situation, id: number, { twoProveOne }: ChangeRules): Generator<Situation | 'broken'> {
  const one = situation.ones[id] as One;
  const proven = twoProveOne ? lastButOneChange(one.log) : 0;
  for (let applied = 0; applied <= one.applied; applied++) {
    const back = put(situation, id, { role: 'follower', votes: 0, match: 0, applied, commit: applied });
    yield commitTo(back, id, proven);
  }
}

function* election(situation: Situation, id: number, { entries }: Bounds): Generator<Situation | 'broken'> {
  const one = situation.ones[id] as One;
  const other = situation.ones[1 - id] as One;
  const voters = votersOf(one);
  if (isMajority(one.votes, voters) && one.log.length < entries) {
    if (other.role === 'leader' && other.term === one.term) yield 'broken';
    yield put(situation, id, { role: 'leader', votes: 0, log: [...one.log, { term: one.term, voters: 0 }] });
  }
  const isAsked = (voters & (1 << (1 - id))) !== 0 && one.votes === 1 << id;
  const isFree = other.role !== 'leader' && [nobody, id].includes(other.vote);
  const joins = other.term < one.term || (other.term === one.term && isFree);
  if (!isAsked || !joins || !isAsComplete(one.log, other.log)) return;
  const voted = put(situation, 1 - id, { term: one.term, vote: id, role: 'follower', votes: 0, match: 0 });
  yield put(voted, id, { votes: one.votes | (1 << (1 - id)) });
}

function* leading(
  situation: Situation,
  id: number,
  rules: ChangeRules,
  { entries }: Bounds,
): Generator<Situation | 'broken'> {
  const one = situation.ones[id] as One;
  const voters = votersOf(one);
  if (one.log.length < entries && mayChange(one, rules)) {
    for (const changed of ids.map((member) => voters ^ (1 << member))) {
      if (changed !== 0) yield put(situation, id, { log: [...one.log, { term: one.term, voters: changed }] });
    }
  }
  for (let index = one.commit + 1; index <= one.log.length; index++) {
    const holders = (1 << id) | (one.match >= index ? 1 << (1 - id) : 0);
    if (one.log[index - 1]?.term === one.term && isMajority(holders, voters)) yield commitTo(situation, id, index);
  }
  if ((situation.ones[1 - id] as One).term > one.term) return;
  for (let length = 1; length <= one.log.length; length++) {
    for (const commit of commitsBeside(one, length, rules)) yield append(situation, id, { length, commit });
  }
}

/** A leader had applied all changes of its log but the last, when it sent that. */
function commitsBeside({ log, commit }: One, length: number, { oneAtATime }: ChangeRules): readonly number[] {
  const least = oneAtATime ? lastButOneChange(log.slice(0, length)) : 0;
  return [...new Set([least, Math.min(commit, length)])];
}

/** The other takes the first entries of a leader's log, and confirms them. */
function append(
  situation: Situation,
  leader: number,
  { length, commit }: { readonly length: number; readonly commit: number },
): Situation | 'broken' {
  const { log, term, match } = situation.ones[leader] as One;
  const other = situation.ones[1 - leader] as One;
  const agreed = log.slice(0, length).every((entry, i) => other.log[i]?.term === entry.term);
  const vote = other.term < term ? nobody : other.vote;
  const taken = put(situation, 1 - leader, {
    term,
    vote,
    role: 'follower',
    votes: 0,
    match: 0,
    log: agreed ? other.log : log.slice(0, length),
  });
  const confirmed = put(taken, leader, { match: Math.max(match, length) });
  const isCut =
    !agreed && other.log.slice(0, other.commit).some((entry, i) => i >= length || log[i]?.term !== entry.term);
  return isCut ? 'broken' : commitTo(confirmed, 1 - leader, commit);
}

function commitTo(situation: Situation, id: number, index: number): Situation | 'broken' {
  const { log, commit } = situation.ones[id] as One;
  if (index <= commit) return situation;
  const entries = log.slice(0, index);
  const differs = entries.some((entry, i) => {
    const decided = situation.decided[i];
    return decided !== undefined && (decided.term !== entry.term || decided.voters !== entry.voters);
  });
  if (differs) return 'broken';
  const decided = entries.length > situation.decided.length ? entries : situation.decided;
  return { ...put(situation, id, { commit: index }), decided };
}

function put(situation: Situation, id: number, change: Partial<One>): Situation {
  return { ...situation, ones: situation.ones.map((one, i) => (i === id ? { ...one, ...change } : one)) };
}

function votersOf({ log, applied }: One): number {
  return log.slice(0, applied).findLast(({ voters }) => voters !== 0)?.voters ?? firstVoters;
}

function mayCampaign(one: One, id: number, { appliesBeforeCampaigns }: ChangeRules): boolean {
  if ((votersOf(one) & (1 << id)) === 0) return false;
  const waits = one.log.slice(one.applied, one.commit).some(({ voters }) => voters !== 0);
  return !waits || !appliesBeforeCampaigns;
}

function mayChange({ log, applied, commit, term }: One, { oneAtATime, ownTermFirst }: ChangeRules): boolean {
  if (oneAtATime && log.slice(applied).some(({ voters }) => voters !== 0)) return false;
  return !ownTermFirst || log[commit - 1]?.term === term;
}

/** Its index; 0 when there is none. */
function lastButOneChange(log: readonly Entry[]): number {
  const last = log.findLastIndex(({ voters }) => voters !== 0);
  return last <= 0 ? 0 : log.slice(0, last).findLastIndex(({ voters }) => voters !== 0) + 1;
}

function isAsComplete(log: readonly Entry[], other: readonly Entry[]): boolean {
  const [term, otherTerm] = [log.at(-1)?.term ?? 0, other.at(-1)?.term ?? 0];
  return term > otherTerm || (term === otherTerm && log.length >= other.length);
}

function isMajority(holders: number, voters: number): boolean {
  return 2 * bitsOf(holders & voters) > bitsOf(voters);
}

function bitsOf(set: number): number {
  return (set & 1) + (set >> 1);
}

function textOf({ ones, decided }: Situation): string {
  const logText = (log: readonly Entry[]): string => log.map(({ term, voters }) => `${term}${voters}`).join('');
  const texts = ones.map(
    ({ term, vote, role, votes, log, commit, applied, match }) =>
      `${term},${vote},${role[0] ?? ''}${votes},${commit},${applied},${match},${logText(log)}`,
  );
  return `${texts.join('/')}/${logText(decided)}`;
}
