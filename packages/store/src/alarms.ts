/**
 * The replicated alarms: conditions of a member that an operator has to look at, and what they forbid. Entries raise and
 * disarm them, so that every member refuses the same entries.
 */
import { clampInteger, etcdserverpb, toId } from '@flotilla/wire';
import type { EntryType } from './entry.ts';
import type { StoreErrorCode } from './errors.ts';
import { putBytes } from './quota.ts';

const { NONE, NOSPACE, CORRUPT } = etcdserverpb.AlarmType;

export interface Alarm {
  readonly memberId: bigint;
  readonly type: etcdserverpb.AlarmType;
}

/** An alarm that was raised or disarmed. */
export interface AlarmChange extends Alarm {
  readonly active: boolean;
}

export class AlarmTable {
  readonly #active = new Map<string, Alarm>();

  /** Those of a type, or all; by member within a type. */
  list(type: etcdserverpb.AlarmType = NONE): readonly Alarm[] {
    const found = [...this.#active.values()].filter((alarm) => type === NONE || alarm.type === type);
    return found.sort((a, b) => a.type - b.type || (a.memberId < b.memberId ? -1 : 1));
  }

  has(type: etcdserverpb.AlarmType): boolean {
    for (const alarm of this.#active.values()) if (alarm.type === type) return true;
    return false;
  }

  get size(): number {
    return this.#active.size;
  }

  /** Whether that was new. */
  raise(alarm: Alarm): boolean {
    const isNew = !this.#active.has(nameOf(alarm));
    this.#active.set(nameOf(alarm), alarm);
    return isNew;
  }

  /** Whether it was there. */
  disarm(alarm: Alarm): boolean {
    return this.#active.delete(nameOf(alarm));
  }
}

function nameOf({ memberId, type }: Alarm): string {
  return `${type}/${memberId}`;
}

/** The alarm that a request names. */
export function alarmOf({ memberID, alarm }: etcdserverpb.AlarmRequest): Alarm {
  return { memberId: BigInt.asUintN(64, toId(memberID)), type: alarm };
}

/** Why an entry may not be applied while there are alarms; undefined when it may. */
export function forbiddenBy(alarms: AlarmTable, type: EntryType, body: Uint8Array): StoreErrorCode | undefined {
  if (alarms.size === 0) return undefined;
  if (alarms.has(CORRUPT) && changesData(type)) return 'corrupt';
  return alarms.has(NOSPACE) && needsSpace(type, body) ? 'noSpace' : undefined;
}

function changesData(type: EntryType): boolean {
  return type !== 'alarm' && type !== 'memberAttributes' && type !== 'leaseCheckpoint';
}

/** Deletes, compactions and revocations make room. */
function needsSpace(type: EntryType, body: Uint8Array): boolean {
  if (type === 'put' || type === 'leaseGrant') return true;
  return type === 'txn' && putBytes(etcdserverpb.TxnRequest.decode(body)) > 0;
}

/** Raises or disarms; the alarms that the response tells. */
export function applyAlarm(
  alarms: AlarmTable,
  request: etcdserverpb.AlarmRequest,
  changed: (change: AlarmChange) => void,
): readonly Alarm[] {
  const { ACTIVATE, DEACTIVATE } = etcdserverpb.AlarmRequest.AlarmAction;
  const alarm = alarmOf(request);
  if (clampInteger(request.action) === ACTIVATE && alarm.type !== NONE) {
    if (alarms.raise(alarm)) changed({ ...alarm, active: true });
    return [alarm];
  }
  if (clampInteger(request.action) !== DEACTIVATE || !alarms.disarm(alarm)) return [];
  changed({ ...alarm, active: false });
  return [alarm];
}
