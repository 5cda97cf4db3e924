/** Clients that read and write keys, and remember what they asked and what they were told. */
import {
  type Compare,
  type EtcdInput,
  type KeyInterval,
  type KeyOperation,
  rangeOutput,
  rangeRequest,
} from '@flotilla/simulator';
import { RpcError } from '@flotilla/wire';
import { attempt, callTimeoutMs } from './attempts.ts';
import { call } from './calls.ts';
import type { Callers } from './callers.ts';
import { type Memory, type PastRead, shownBefore } from './memory.ts';
import { pause } from './pause.ts';
import type { Stage } from './stage.ts';

const keys = 16;
/** All keys of the key clients, and no lease's. */
const everyKey: KeyInterval = { key: 'k', end: 'k~' };

export interface Work {
  readonly stage: Stage;
  readonly callers: Callers;
  readonly memory: Memory;
  readonly random: () => number;
  readonly isOver: () => boolean;
  /** Aborted when the round is broken off. */
  readonly stopped: AbortSignal;
}

export class KeyClient {
  readonly #work: Work;
  readonly #number: number;
  #values = 0;

  constructor(work: Work, number: number) {
    this.#work = work;
    this.#number = number;
  }

  async run(): Promise<void> {
    const { random, isOver } = this.#work;
    while (!isOver()) {
      const kind = random();
      if (kind < 0.35) await this.#write(this.#put());
      else if (kind < 0.45) await this.#write({ kind: 'delete', ...this.#interval() });
      else if (kind < 0.7) await this.#write(this.#txn());
      else if (kind < 0.9) await this.#write({ kind: 'range', ...this.#interval() });
      else if (kind < 0.96) await this.#readLocally();
      else await this.#readPast();
      await pause(20 * random());
    }
  }

  /** Also linearizable reads: all that has one place in the order of everything. */
  async #write(input: EtcdInput): Promise<void> {
    const { memory } = this.#work;
    const { client } = this.#work.callers.any();
    const calledAt = performance.now();
    try {
      const output = await call(client, input);
      const at = performance.now();
      memory.operations.push({ client: this.#number, input, calledAt, result: { at, output } });
      if (input.kind !== 'range') memory.acknowledgedMs.push(at);
    } catch (error) {
      if (!(error instanceof RpcError)) throw error;
      if (input.kind !== 'range') memory.operations.push({ client: this.#number, input, calledAt, result: undefined });
      await pause(30);
    }
  }

  async #readLocally(): Promise<void> {
    const { stage, memory } = this.#work;
    const interval = this.#interval();
    const { client, member } = this.#work.callers.any();
    const run = stage.runOf(member);
    const request = rangeRequest(interval, { serializable: true });
    const answer = await attempt(() => client.kv.Range(request, { timeoutMs: callTimeoutMs }));
    if (!answer || stage.runOf(member) !== run) return;
    const { revision, answers } = rangeOutput(answer);
    const rows = answers[0]?.kind === 'range' ? answers[0].rows : [];
    memory.localReads.push({ client: this.#number, member, run, revision, rows, ...interval });
  }

  /** At one member, which may be behind: then nobody knows. */
  async #readPast(): Promise<void> {
    const { memory, random, callers } = this.#work;
    const interval = this.#interval();
    const revision = Math.max(1, shownBefore(memory) - 1 - Math.floor(200 * random()));
    const request = rangeRequest(interval, { revision, serializable: random() < 0.5 });
    const remember = (rows: PastRead['rows']): void =>
      void memory.pastReads.push({
        client: this.#number,
        revision,
        rows,
        compacted: memory.compacted,
        ...interval,
      });
    await attempt(async () => {
      try {
        const { answers } = rangeOutput(await callers.any().client.kv.Range(request, { timeoutMs: callTimeoutMs }));
        if (answers[0]?.kind === 'range') remember(answers[0].rows);
      } catch (error) {
        if (!(error instanceof RpcError) || !error.message.includes('has been compacted')) throw error;
        remember('compacted');
      }
    });
  }

  #put(key = this.#key()): Extract<KeyOperation, { kind: 'put' }> {
    return { kind: 'put', key, value: `${this.#number}.${++this.#values}`, lease: '' };
  }

  /** Compare-and-put on what some watcher saw last, as a lock or a counter would do it, and sometimes more than one key. */
  #txn(): EtcdInput {
    const { random, memory } = this.#work;
    const put = this.#put();
    const answer = memory.watches[Math.floor(random() * memory.watches.length)]?.answers.at(-1);
    const seen = answer?.kind === 'shown' ? answer.events.at(-1)?.row : undefined;
    const compare: Compare =
      seen && random() < 0.5
        ? { key: seen.key, target: 'modRevision', equals: seen.modRevision }
        : { key: put.key, target: 'version', equals: Math.floor(3 * random()) };
    const success: KeyOperation[] = [{ ...put, key: compare.key.startsWith('k') ? compare.key : put.key }];
    const other = this.#key();
    if (other !== success[0]?.key && random() < 0.5) success.push({ kind: 'delete', key: other, end: undefined });
    return { kind: 'txn', compares: [compare], success, failure: [{ kind: 'range', key: put.key, end: undefined }] };
  }

  #interval(): KeyInterval {
    const { random } = this.#work;
    return random() < 0.05 ? everyKey : { key: this.#key(), end: undefined };
  }

  #key(): string {
    return `k${String(Math.floor(keys * this.#work.random())).padStart(2, '0')}`;
  }
}
