/** The Raft consensus algorithm: pure, deterministic, no I/O, no clock, no randomness of its own. */
export {
  ConfChangeFormatError,
  decodeConfChange,
  encodeConfChange,
  maxChangedMembers,
  maxContextBytes,
} from './conf-change.ts';
export type { ConfChange, MemberChange, Transition } from './conf-change.ts';
export { ConfigFormatError, decodeConfig, encodeConfig } from './config-codec.ts';
export { configProblem, isJoint, nextConfig } from './config.ts';
export type { NextConfig } from './config.ts';
export { noNode } from './entry.ts';
export type { Config, Entry, EntryId, HardState, NodeId, SnapshotMeta } from './entry.ts';
export type {
  AppendMessage,
  AppendResponse,
  HeartbeatMessage,
  HeartbeatResponse,
  Message,
  ProposeMessage,
  ReadIndexMessage,
  ReadIndexResponse,
  SnapshotMessage,
  TimeoutNowMessage,
  VoteMessage,
  VoteResponse,
} from './message.ts';
export { InvariantFailure } from './invariant.ts';
export type { InitialState, RaftOptions } from './options.ts';
export { isVoter, members, quorumIndex, voteResult } from './quorum.ts';
export type { Halves, VoteResult } from './quorum.ts';
export { createRaft } from './raft-member.ts';
export type { Acceptance, ConfChangeAcceptance, ProgressStatus, Raft, RaftStatus } from './raft.ts';
export type { ReadState, Ready, Role, SoftState } from './ready.ts';
