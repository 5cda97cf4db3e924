/**
 * The space quota of a member: an entry that needs room is refused before it is proposed once the rows in use have grown to
 * the quota, and an alarm then makes all members refuse such entries until an operator disarms it.
 */
import { type EntryType, costAtMost, costOf } from '@flotilla/store';
import { etcdserverpb, fromUnsignedId } from '@flotilla/wire';
import type { BrainSettings } from '../options.ts';
import type { StateMachine } from './state-machine.ts';

export class SpaceQuota {
  readonly #settings: BrainSettings;
  readonly #machine: StateMachine;

  constructor({ settings, machine }: { readonly settings: BrainSettings; readonly machine: StateMachine }) {
    this.#settings = settings;
    this.#machine = machine;
  }

  hasRoomFor(type: EntryType, body: Uint8Array): boolean {
    const { quotaBytes, maxTxnOps } = this.#settings;
    const roomBytes = quotaBytes - this.#machine.state.sizeInUseBytes;
    if (costAtMost(body, maxTxnOps) < roomBytes) return true;
    const bytes = costOf(type, body);
    return bytes === 0 || bytes < roomBytes;
  }

  /** The body of the entry that raises the alarm. */
  get alarm(): Uint8Array {
    return etcdserverpb.AlarmRequest.encode({
      action: etcdserverpb.AlarmRequest.AlarmAction.ACTIVATE,
      memberID: fromUnsignedId(this.#settings.membership.self.id),
      alarm: etcdserverpb.AlarmType.NOSPACE,
    }).finish();
  }
}
