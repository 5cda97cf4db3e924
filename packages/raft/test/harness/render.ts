/** Messages, entries and Readies as lines of a transcript. */
import {
  type Config,
  decodeConfChange,
  type Entry,
  type EntryId,
  type Message,
  type RaftStatus,
  type Ready,
} from '@flotilla/raft';

const decoder = new TextDecoder();

/** `term/index "data"`, without the data for a no-op, and with what it says for a conf change. */
export function renderEntry({ term, index, type, data }: Entry): string {
  if (type === 'confChange') return `${term}/${index} ${renderConfChange(data)}`;
  return data.length === 0 ? `${term}/${index}` : `${term}/${index} "${decoder.decode(data)}"`;
}

export function renderMessage(message: Message): string {
  return `${message.from}->${message.to} ${message.type} term=${message.term}${renderBody(message)}`;
}

function renderConfChange(data: Uint8Array): string {
  const change = decodeConfChange(data);
  if (change.kind === 'leave') return '(leave)';
  const members = change.members.map(({ type, id }) => `${type} ${id}`);
  return `(${change.transition}: ${members.join(', ')})`;
}

/** `voters 1 2 3`, and what else there is. */
export function renderConfig({ voters, votersOutgoing, learners, learnersNext = [], autoLeave }: Config): string {
  const lists = [
    ['voters', voters],
    ['outgoing', votersOutgoing],
    ['learners', learners],
    ['learners next', learnersNext],
  ] as const;
  const shown = lists.filter(([, ids]) => ids.length > 0).map(([name, ids]) => `${name} ${ids.join(' ')}`);
  return (shown.join('; ') || 'nobody') + (autoLeave === true ? '; leaves by itself' : '');
}

function renderBody(message: Message): string {
  switch (message.type) {
    case 'append': {
      const { prevTerm, prevIndex, commit } = message;
      return ` after=${prevTerm}/${prevIndex} commit=${commit} ${renderEntries(message.entries)}`;
    }
    case 'appendResponse': {
      const { index, rejected, hintIndex, hintTerm } = message;
      return rejected ? ` rejected=${index} hint=${hintTerm}/${hintIndex}` : ` index=${index}`;
    }
    case 'heartbeat':
      return ` commit=${message.commit} round=${message.round}`;
    case 'heartbeatResponse':
      return ` round=${message.round}`;
    case 'vote':
    case 'preVote':
      return ` last=${message.lastTerm}/${message.lastIndex}${message.transfer ? ' transfer' : ''}`;
    case 'voteResponse':
    case 'preVoteResponse':
      return message.granted ? ' granted' : ` refused${renderCommitted(message.committed)}`;
    case 'snapshot':
      return ` at=${message.snapshot.term}/${message.snapshot.index} (${renderConfig(message.snapshot.config)})`;
    case 'timeoutNow':
      return '';
    case 'readIndex':
      return ` context=${message.context}`;
    case 'readIndexResponse':
      return ` context=${message.context} index=${message.index}`;
    case 'propose':
      return ` [${message.data.map((data) => `"${decoder.decode(data)}"`).join(', ')}]`;
  }
}

function renderCommitted(committed: EntryId | undefined): string {
  return committed === undefined ? '' : ` committed=${committed.term}/${committed.index}`;
}

function renderEntries(entries: readonly Entry[]): string {
  return `[${entries.map(renderEntry).join(', ')}]`;
}

export function renderReady(ready: Ready): string[] {
  const { softState, hardState, snapshot } = ready;
  const lines: string[] = [];
  if (softState !== undefined) lines.push(`${softState.role}, leader ${softState.leader}`);
  if (snapshot !== undefined) lines.push(`install snapshot ${snapshot.term}/${snapshot.index}`);
  if (hardState !== undefined) {
    lines.push(`hard state term=${hardState.term} vote=${hardState.vote} commit=${hardState.commit}`);
  }
  if (ready.entries.length > 0) lines.push(`append ${renderEntries(ready.entries)}`);
  for (const message of ready.messages) lines.push(renderMessage(message));
  if (ready.messagesAfterSync.length > 0) lines.push('after sync:');
  for (const message of ready.messagesAfterSync) lines.push(`  ${renderMessage(message)}`);
  if (ready.committed.length > 0) lines.push(`apply ${renderEntries(ready.committed)}`);
  for (const { context, index } of ready.readStates) lines.push(`read ${context} at ${index}`);
  return lines;
}

export function renderStatus(status: RaftStatus): string[] {
  const { id, term, vote, leader, role, commit, applied, lastIndex, transferee } = status;
  const handing = transferee === 0n ? '' : ` transferee=${transferee}`;
  const lines = [
    `${id}: ${role} term=${term} vote=${vote} leader=${leader} commit=${commit} applied=${applied} last=${lastIndex}${handing}`,
  ];
  for (const [peer, { state, match, next, recentActive, inflight }] of status.progress) {
    const active = recentActive ? '' : ' inactive';
    lines.push(
      `  ${peer}: ${state} match=${match} next=${next}${inflight > 0 ? ` inflight=${inflight}` : ''}${active}`,
    );
  }
  return lines;
}
