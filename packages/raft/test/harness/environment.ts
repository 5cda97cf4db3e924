/**
 * The world of a transcript: members, the messages between them, and one method a command. Everything happens in the
 * order of the script. Writes are synced at once, unless `add-nodes` says `async`: then `sync` does it.
 */
import type { Config, ConfChange, MemberChange, Transition } from '@flotilla/raft';
import { emptyDisk, noMembers, Node, type NodeOptions, type Parcel } from './node.ts';
import { renderConfig, renderEntry, renderMessage, renderReady, renderStatus } from './render.ts';

const encoder = new TextEncoder();
const electionTimeoutTicks = 3;

type Command = (words: readonly string[], options: ReadonlyMap<string, string>) => readonly string[];

export class Environment {
  readonly #nodes = new Map<bigint, Node>();
  readonly #network: Parcel[] = [];
  #options: NodeOptions | undefined;
  #async = false;

  readonly #commands: Record<string, Command> = {
    'add-nodes': (words, options) => this.#addNodes(Number(words[0]), options),
    campaign: ([id]) => this.#act(id, (node) => node.raft.campaign()),
    tick: ([id, count]) => this.#tick(id, Number(count ?? 1)),
    'tick-election': ([id]) => this.#tick(id, electionTimeoutTicks),
    propose: ([id, ...data]) => this.#say(id, (node) => node.raft.propose(data.map((one) => encoder.encode(one)))),
    'propose-conf-change': ([id, ...members], options) =>
      this.#say(id, (node) => node.raft.proposeConfChange(confChangeOf(members, options))),
    'add-newcomer': ([id]) => this.#addNewcomer(BigInt(id ?? 0)),
    config: ([id]) => [renderConfig(this.#node(id).raft.status().config)],
    'read-index': ([id, context = '']) => this.#say(id, (node) => node.raft.readIndex(context)),
    'transfer-leadership': ([id, to]) => this.#say(id, (node) => node.raft.transferLeadership(BigInt(to ?? 0))),
    'release-leader': ([id, leader]) => this.#act(id, (node) => node.raft.releaseLeader(BigInt(leader ?? 0))),
    'report-unreachable': ([id, peer]) => this.#act(id, (node) => node.raft.reportUnreachable(BigInt(peer ?? 0))),
    'report-snapshot': ([id, peer, outcome]) =>
      this.#act(id, (node) => node.raft.reportSnapshot(BigInt(peer ?? 0), outcome === 'ok')),
    compact: ([id, index]) => this.#act(id, (node) => compact(node, Number(index))),
    ready: ([id]) => this.#process(this.#node(id)),
    sync: ([id]) => this.#sync(this.#node(id)),
    deliver: (words, options) => this.#deliver(words.map(BigInt), options),
    drop: (words, options) => this.#drop(words.map(BigInt), options),
    crash: ([id, lost]) => this.#crash(this.#node(id), { lazyLost: lost === 'lazy-lost' }),
    stabilize: (words) => this.#stabilize(words.length === 0 ? [...this.#nodes.keys()] : words.map(BigInt)),
    status: ([id]) => renderStatus(this.#node(id).raft.status()),
    states: () =>
      [...this.#nodes.values()].map(
        ({ raft: { id, role, term, leader } }) => `${id}: ${role} term=${term} leader=${leader}`,
      ),
    log: ([id]) => renderDisk(this.#node(id)),
    values: ([id]) => [this.#node(id).state.values.join(' ')],
  };

  run(line: string): readonly string[] {
    const [name = '', ...rest] = line.split(/\s+/);
    const command = this.#commands[name];
    if (command === undefined) throw new Error(`unknown command: ${line}`);
    const words = rest.filter((word) => !word.includes('='));
    const options = rest.filter((word) => word.includes('=')).map((word) => word.split('=', 2) as [string, string]);
    return command(words, new Map(options));
  }

  #addNodes(count: number, options: ReadonlyMap<string, string>): readonly string[] {
    const ids = Array.from({ length: count }, (_, i) => BigInt(i + 1));
    const learners = (options.get('learners') ?? '').split(',').filter(Boolean).map(BigInt);
    const config: Config = { voters: ids.filter((id) => !learners.includes(id)), votersOutgoing: [], learners };
    this.#async = options.get('async') === 'true';
    this.#options = {
      config,
      electionTimeoutTicks,
      // The longest draw: nobody campaigns unless the script says so with enough ticks.
      random: () => 0.999,
      preVote: options.get('prevote') === 'true',
      checkQuorum: options.get('checkquorum') === 'true',
      maxInflightMessages: Number(options.get('inflight') ?? 256),
      maxMessageBytes: Number(options.get('message-bytes') ?? 2 ** 20),
      maxUncommittedBytes: Number(options.get('uncommitted-bytes') ?? 2 ** 20),
    };
    for (const id of ids) {
      const disk = emptyDisk(config);
      const log = options.get(`log${id}`);
      if (log !== undefined) writeLog(disk, log);
      disk.hardState = { term: Number(options.get('term') ?? 0), vote: 0n, commit: 0 };
      this.#nodes.set(id, new Node(id, this.#options, disk));
    }
    return ['ok'];
  }

  /** An empty member that waits to be let in. */
  #addNewcomer(id: bigint): readonly string[] {
    if (this.#options === undefined) throw new Error('add-nodes comes first');
    const options = { ...this.#options, config: noMembers };
    this.#nodes.set(id, new Node(id, options, emptyDisk(noMembers)));
    return ['ok'];
  }

  #node(id: bigint | string | undefined): Node {
    const node = this.#nodes.get(BigInt(id ?? 0));
    if (node === undefined) throw new Error(`no member ${id}`);
    return node;
  }

  #act(id: string | undefined, act: (node: Node) => void): readonly string[] {
    act(this.#node(id));
    return ['ok'];
  }

  #say(id: string | undefined, act: (node: Node) => string): readonly string[] {
    return [act(this.#node(id))];
  }

  #tick(id: string | undefined, count: number): readonly string[] {
    return this.#act(id, ({ raft }) => {
      for (let i = 0; i < count; i++) raft.tick();
    });
  }

  #process(node: Node): string[] {
    const taken = node.take();
    if (taken === undefined) return [];
    this.#network.push(...taken.parcels);
    const lines = renderReady(taken.ready);
    if (!this.#async) this.#network.push(...node.sync());
    node.flush();
    const { config } = node.state.meta;
    if (taken.ready.committed.some(({ type }) => type === 'confChange')) lines.push(`now ${renderConfig(config)}`);
    return lines.length === 0 ? ['(empty)'] : lines;
  }

  #sync(node: Node): string[] {
    if (node.writing === undefined) return [];
    const parcels = node.sync();
    this.#network.push(...parcels);
    node.flush();
    return ['synced', ...parcels.map(({ message }) => renderMessage(message))];
  }

  #take(to: readonly bigint[], options: ReadonlyMap<string, string>): Parcel[] {
    const type = options.get('type');
    const from = options.get('from');
    const taken = this.#network.filter(
      ({ message }) =>
        to.includes(message.to) &&
        (type === undefined || message.type === type) &&
        (from === undefined || message.from === BigInt(from)),
    );
    for (const parcel of taken) this.#network.splice(this.#network.indexOf(parcel), 1);
    return taken;
  }

  #deliver(to: readonly bigint[], options: ReadonlyMap<string, string>): string[] {
    return this.#take(to, options).map((parcel) => {
      this.#node(parcel.message.to).receive(parcel);
      return renderMessage(parcel.message);
    });
  }

  #drop(to: readonly bigint[], options: ReadonlyMap<string, string>): string[] {
    return this.#take(to, options).map(({ message }) => `dropped ${renderMessage(message)}`);
  }

  /** With `lazyLost`, nothing that is written lazily had reached the disk: neither commit index nor state. */
  #crash(node: Node, { lazyLost }: { lazyLost: boolean }): string[] {
    if (this.#options === undefined) throw new Error('add-nodes comes first');
    if (lazyLost) {
      node.disk.hardState = { ...node.disk.hardState, commit: 0 };
      node.disk.state = emptyDisk(this.#options.config).state;
    }
    this.#nodes.set(node.id, node.restarted(this.#options));
    return ['restarted'];
  }

  /** Lets the named members work and talk among themselves until nothing moves. */
  #stabilize(ids: readonly bigint[]): string[] {
    const lines: string[] = [];
    for (;;) {
      const before = lines.length;
      for (const id of ids) lines.push(...indented(`> ${id} ready`, this.#process(this.#node(id))));
      for (const id of ids) if (this.#async) lines.push(...indented(`> ${id} sync`, this.#sync(this.#node(id))));
      for (const id of ids) {
        const others = this.#deliverAmong(ids, id);
        lines.push(...indented(`> ${id} receives`, others));
      }
      if (lines.length === before) return lines;
    }
  }

  #deliverAmong(ids: readonly bigint[], to: bigint): string[] {
    return ids.flatMap((from) => this.#deliver([to], new Map([['from', String(from)]])));
  }
}

function indented(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [title, ...lines.map((line) => `  ${line}`)];
}

function compact(node: Node, index: number): void {
  node.flush();
  node.compact(index);
}

const memberTypes: Record<string, MemberChange['type']> = { v: 'voter', l: 'learner', r: 'remove', u: 'update' };

/** `v4 l5 r1 u2` with an optional `transition=`, or `leave`; `context=refuse` makes every state machine refuse it. */
function confChangeOf(words: readonly string[], options: ReadonlyMap<string, string>): ConfChange {
  const context = encoder.encode(options.get('context') ?? '');
  if (words[0] === 'leave') return { kind: 'leave', context };
  const members = words.map((word) => {
    const type = memberTypes[word.charAt(0)];
    if (type === undefined) throw new Error(`unknown change: ${word}`);
    return { type, id: BigInt(word.slice(1)) };
  });
  const transition = (options.get('transition') ?? 'auto') as Transition;
  return { kind: 'change', transition, members, context };
}

/** `log1=1,1,4` puts three entries of these terms on the disk of member 1. */
function writeLog(disk: ReturnType<typeof emptyDisk>, terms: string): void {
  const entries = terms.split(',').map((term, i) => ({
    term: Number(term),
    index: i + 1,
    type: 'normal' as const,
    data: encoder.encode(`${term}.${i + 1}`),
  }));
  disk.entries = entries;
}

function renderDisk({ disk }: Node): string[] {
  const { term, index } = disk.compacted;
  return [`compacted ${term}/${index}`, disk.entries.map(renderEntry).join(', ')];
}
