/** The operator of a small quota: when there is an alarm, drops old revisions and disarms it. */
import { clampInteger, etcdserverpb } from '@flotilla/wire';
import type { Chance } from '../world/chance.ts';
import { contextOf } from './calls.ts';
import { type Cast, pass } from './cast.ts';
import { decoded } from './streams.ts';

const { GET, DEACTIVATE } = etcdserverpb.AlarmRequest.AlarmAction;
const { NOSPACE } = etcdserverpb.AlarmType;

export class SpaceClient {
  readonly #cast: Cast;
  readonly #chance: Chance;

  constructor(cast: Cast, chance: Chance) {
    this.#cast = cast;
    this.#chance = chance;
  }

  /** Also at the end: a healed cluster without space would not serve. */
  async run(): Promise<void> {
    const { scheduler, marks } = this.#cast;
    for (;;) {
      await pass(scheduler, this.#chance.between(50, 300));
      const alarms = await this.#alarms(etcdserverpb.AlarmRequest.create({ action: GET }));
      if (alarms.length === 0) continue;
      marks.hit('alarm about space');
      await this.#compact();
      for (const { memberID } of alarms) {
        await this.#alarms(
          etcdserverpb.AlarmRequest.create({ action: DEACTIVATE, memberID: memberID ?? 0, alarm: NOSPACE }),
        );
      }
    }
  }

  async #alarms(request: etcdserverpb.AlarmRequest): Promise<readonly etcdserverpb.AlarmMember.$Properties[]> {
    const bytes = etcdserverpb.AlarmRequest.encode(request).finish();
    const result = await this.#cast.calls.make('s1', this.#chance.pick(this.#cast.machines), async ({ maintenance }) =>
      decoded(
        await maintenance.Alarm(etcdserverpb.AlarmRequest.decode(bytes), this.#context(bytes)),
        etcdserverpb.AlarmResponse,
      ),
    );
    return result.kind === 'answered' ? (result.value.alarms ?? []) : [];
  }

  async #compact(): Promise<void> {
    const revision = this.#cast.knownRevision;
    const bytes = etcdserverpb.CompactionRequest.encode({ revision, physical: true }).finish();
    await this.#cast.calls.make('s1', this.#chance.pick(this.#cast.machines), async ({ kv }) =>
      clampInteger((await kv.Compact(etcdserverpb.CompactionRequest.decode(bytes), this.#context(bytes))) ? 1 : 0),
    );
  }

  #context(bytes: Uint8Array): ReturnType<typeof contextOf> {
    return contextOf('s1', bytes, new AbortController().signal);
  }
}
