/** One run of a member, from its start to its end. */
import type { Member } from '@flotilla/brain';
import type { ObservedRaft } from '../checks/observed-raft.ts';
import type { Process } from '../world/process.ts';
import type { Services } from './services.ts';

export interface MemberRun {
  readonly process: Process;
  readonly number: number;
  raft: ObservedRaft | undefined;
  member: Member | undefined;
  services: Services | undefined;
  /** Of its log: a crash in between leaves a part of them. */
  writesUnderWay: number;
  receivesSnapshot: boolean;
}
