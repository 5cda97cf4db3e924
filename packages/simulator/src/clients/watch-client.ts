/**
 * A client that watches a range for the whole run, over broken streams and from member to member. It compares what it is sent
 * with the ledger: every change of the range once, in order, a revision whole, the value before it right, and no bookmark
 * ahead of a change that is still to come.
 */
import { createAsyncQueue } from '@flotilla/base';
import { Encoded, clampInteger, etcdserverpb } from '@flotilla/wire';
import type { KeyEvent } from '../checks/ledger.ts';
import type { MemberRun } from '../run/member-run.ts';
import type { Chance } from '../world/chance.ts';
import { contextOf } from './calls.ts';
import { callStream } from './streams.ts';
import { type Cast, pass } from './cast.ts';
import { revisionOf, rowOf } from './requests.ts';

type WatchResponse = etcdserverpb.WatchResponse.$Properties;

export class WatchClient {
  readonly #cast: Cast;
  readonly #chance: Chance;
  readonly #name: string;
  readonly #key: string;
  readonly #end: string;
  readonly #wantsPrevious: boolean;
  /** Reads an answer only this long after the one before. */
  readonly #readingMs: number;
  /** The first revision that it has not been told about; 0 before the first answer. */
  #next = 0;
  #isOpen = false;
  #streams = 0;

  constructor(cast: Cast, chance: Chance, number: number) {
    this.#cast = cast;
    this.#chance = chance;
    this.#name = `w${number}`;
    const [a, b] = [chance.below(cast.plan.keys), chance.below(cast.plan.keys)].sort((x, y) => x - y) as [
      number,
      number,
    ];
    this.#key = `k${String(a).padStart(2, '0')}`;
    this.#end = `k${String(b).padStart(2, '0')}~`;
    this.#wantsPrevious = chance.happens(0.5);
    this.#readingMs = chance.happens(0.3) ? chance.magnitude(1, 200) : 0;
  }

  async run(): Promise<void> {
    const { scheduler } = this.#cast;
    for (;;) {
      if (!this.#isOpen) this.#open();
      await pass(scheduler, this.#chance.between(20, 200));
      // Streams also end because clients go away.
      if (!this.#cast.isOver && this.#chance.happens(0.01)) this.#ended();
    }
  }

  /** A change has happened that it was not told of. */
  get isBehind(): boolean {
    return this.#firstMatchFrom(this.#next, this.#cast.ledger.revision) !== undefined;
  }

  /** Everything must have arrived by now. */
  check(): void {
    const { ledger, verdict } = this.#cast;
    const missing = this.#firstMatchFrom(this.#next, ledger.revision);
    if (missing !== undefined) {
      verdict.violate(`${this.#name} was never told of revision ${missing} in [${this.#key}, ${this.#end})`);
    }
  }

  #open(): void {
    const { network, marks } = this.#cast;
    const machine = this.#chance.pick(this.#cast.machines);
    const stream = ++this.#streams;
    this.#isOpen = true;
    if (this.#next > 0) marks.hit('watch resumed elsewhere');
    let answered = false;
    const give = (): void => {
      if (!answered && this.#streams === stream) this.#isOpen = false;
    };
    this.#cast.scheduler.after(2000, give);
    network.throwAt(this.#name, machine.name, () => {
      const { run } = machine;
      if (!run?.services) return network.throwAt(machine.name, this.#name, give);
      // A process that ends before it gets there serves nobody.
      run.process.take(() => {
        answered = true;
        this.#serve(run, stream);
      });
    });
  }

  /** The member's end of a stream. */
  #serve(run: MemberRun, stream: number): void {
    const { network } = this.#cast;
    const { process, services } = run;
    const lane = network.openLane(process.name, this.#name);
    const controller = new AbortController();
    const broken = (): void => {
      if (this.#streams === stream) this.#ended();
      process.after(0, () => controller.abort());
    };
    process.onDeath(() => network.throwAt(process.name, this.#name, broken));
    if (!services) return broken();
    const requests = createAsyncQueue<ReturnType<typeof received>>(2);
    requests.push(received(this.#createRequest()));
    if (this.#chance.happens(0.3)) requests.push(received({ progress_request: {} }));
    const responses = callStream(
      services.watch.Watch,
      requests,
      contextOf(this.#name, new Uint8Array(0), controller.signal),
    );
    const pump = async (): Promise<void> => {
      for await (const response of responses) {
        if (!process.isAlive) return;
        if (this.#streams !== stream) return controller.abort();
        const whole = response instanceof Encoded ? etcdserverpb.WatchResponse.decode(response.bytes) : response;
        lane.send({ how: 'reliably', deliver: () => this.#streams === stream && this.#receive(whole), broken });
        if (this.#readingMs > 0 && !this.#cast.isOver) await process.wait(this.#readingMs);
      }
    };
    pump().then(
      () => process.isAlive && lane.send({ how: 'reliably', deliver: broken, broken }),
      () => process.isAlive && lane.send({ how: 'reliably', deliver: broken, broken }),
    );
  }

  #createRequest(): etcdserverpb.WatchRequest.$Properties {
    return {
      create_request: {
        key: Buffer.from(this.#key, 'latin1'),
        range_end: Buffer.from(this.#end, 'latin1'),
        start_revision: this.#next,
        prev_kv: this.#wantsPrevious,
        progress_notify: true,
      },
    };
  }

  #ended(): void {
    this.#streams++;
    this.#isOpen = false;
  }

  #receive(response: WatchResponse): void {
    const { marks } = this.#cast;
    const revision = revisionOf(response.header);
    if (response.canceled === true) return this.#cancelled(response);
    if (response.created === true) {
      if (this.#next === 0) this.#next = revision + 1;
      return;
    }
    const events = response.events ?? [];
    if (events.length > 0) return this.#changed(events, revision);
    marks.hit('progress of a watch');
    this.#expectNothing(this.#next, revision, `a bookmark of revision ${revision}`);
    this.#next = Math.max(this.#next, revision + 1);
  }

  #cancelled({ compact_revision, cancel_reason }: WatchResponse): void {
    const { verdict, ledger, marks } = this.#cast;
    const compacted = clampInteger(compact_revision);
    // The permissions changed while it was asked who asks.
    if (/auth store is old|user name/.test(cancel_reason ?? '')) return this.#ended();
    marks.hit('watch told that its revision is compacted');
    if (compacted <= this.#next || compacted > ledger.compactRevision) {
      verdict.violate(
        `${this.#name} at ${this.#next} is cancelled: compacted at ${compacted}, reason "${cancel_reason ?? ''}"`,
      );
    }
    marks.hit('compaction under an unsynced watcher');
    this.#next = compacted;
    this.#ended();
  }

  #changed(events: readonly NonNullable<WatchResponse['events']>[number][], headerRevision: number): void {
    const { ledger, verdict } = this.#cast;
    let at = 0;
    while (at < events.length) {
      const revision = clampInteger(events[at]?.kv?.mod_revision);
      const first = at;
      while (at < events.length && clampInteger(events[at]?.kv?.mod_revision) === revision) at++;
      if (revision < this.#next)
        return verdict.violate(`${this.#name} at ${this.#next} is told of revision ${revision} again`);
      if (revision > headerRevision)
        verdict.violate(`${this.#name}: revision ${revision} in a response of ${headerRevision}`);
      this.#expectNothing(this.#next, revision - 1, `a change of revision ${revision}`);
      const seen = events.slice(first, at).map((event) => this.#textOfSeen(event));
      const expected = ledger.eventsOf(revision).filter((event) => this.#matches(event));
      // The state before a compacted revision is gone, and values of that time with it.
      const isPreviousGone = revision <= ledger.compactRevision;
      const mayBe = (wantsPrevious: boolean): boolean =>
        expected
          .map((event) => this.#textOf(event, wantsPrevious))
          .sort()
          .join() === seen.sort().join();
      if (!mayBe(this.#wantsPrevious) && !(isPreviousGone && mayBe(false))) {
        verdict.violate(
          `${this.#name}: revision ${revision} brought ${seen.join()}, not ${expected.map((event) => this.#textOf(event, true)).join()}`,
        );
      }
      this.#next = revision + 1;
    }
  }

  #expectNothing(from: number, to: number, what: string): void {
    const missing = this.#firstMatchFrom(from, to);
    if (missing === undefined) return;
    this.#cast.verdict.violate(`${this.#name} is sent ${what}, but not what revision ${missing} changed`);
  }

  #firstMatchFrom(from: number, to: number): number | undefined {
    if (this.#next === 0) return undefined;
    for (let revision = from; revision <= to; revision++) {
      if (this.#cast.ledger.eventsOf(revision).some((event) => this.#matches(event))) return revision;
    }
    return undefined;
  }

  #matches({ key }: KeyEvent): boolean {
    return key >= this.#key && key < this.#end;
  }

  #textOf({ key, row, previous }: KeyEvent, wantsPrevious: boolean): string {
    const before = wantsPrevious && previous ? ` was ${rowText(previous)}` : '';
    return `${key}=${row ? rowText(row) : 'deleted'}${before}`;
  }

  #textOfSeen({ type, kv, prev_kv }: NonNullable<WatchResponse['events']>[number]): string {
    const row = rowOf(kv ?? {});
    const isDelete = Number(type) === 1;
    const before = prev_kv ? ` was ${rowText(rowOf(prev_kv))}` : '';
    return `${row.key}=${isDelete ? 'deleted' : rowText(row)}${before}`;
  }
}

function rowText(row: {
  value: string;
  createRevision: number;
  modRevision: number;
  version: number;
  lease: string;
}): string {
  return `${row.value}/${row.createRevision}.${row.modRevision}.${row.version}/${row.lease}`;
}

/** A request as it comes out of the wire. */
function received(request: etcdserverpb.WatchRequest.$Properties) {
  return etcdserverpb.WatchRequest.decode(etcdserverpb.WatchRequest.encode(request).finish());
}
