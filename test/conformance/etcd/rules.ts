/**
 * A rule of the wire is a test that runs unchanged against every kind of server. It works under a prefix of its own, so
 * that all rules of a file share one server. A rule that is newer than the etcd at hand is held against ours alone, and so
 * is one of what we do otherwise on purpose.
 */
import { readFileSync } from 'node:fs';
import t, { type Test } from 'tap';
import { RpcError } from '@flotilla/wire';
import { type Client, connect } from './client.ts';
import { type Flags, type Level, type Server, type ServerKind, serverKinds } from './servers.ts';

export interface Setting {
  readonly t: Test;
  readonly server: Server;
  /** A client of a member that follows, where there is one: the longer way. */
  readonly client: Client;
  /** A client a member; the first member leads. */
  readonly clients: readonly Client[];
  /** A key under this rule's own prefix, which `end` ends. */
  readonly key: (name?: string) => Uint8Array;
  readonly end: Uint8Array;
}

export interface RuleOptions {
  /** The first release that the rule holds in; all of them unless told. */
  readonly since?: Level;
  /** We differ from etcd here: what the row of `docs/divergence.md` that says so begins with. */
  readonly divergence?: string;
  /** The first release that differs there, where those before do as we do. */
  readonly differsSince?: Level;
  /** Needs more than one member. */
  readonly cluster?: boolean;
}

interface Rule extends RuleOptions {
  readonly name: string;
  readonly hold: (setting: Setting) => Promise<void>;
}

export interface Rules {
  rule(name: string, hold: (setting: Setting) => Promise<void>): void;
  rule(name: string, options: RuleOptions, hold: (setting: Setting) => Promise<void>): void;
}

/** Holds the rules that `state` gives against every kind of server. */
export function conformance(
  service: string,
  state: (rules: Rules) => void,
  { kinds = serverKinds, ...flags }: Flags & { readonly kinds?: readonly ServerKind[] } = {},
): void {
  const stated: Rule[] = [];
  state({
    rule(name: string, ...rest: [RuleOptions | Rule['hold'], Rule['hold']?]) {
      const [first, second] = rest;
      if (typeof first === 'function') stated.push({ name, hold: first });
      else if (second) stated.push({ name, ...first, hold: second });
    },
  });
  t.setTimeout(0);
  for (const kind of kinds) {
    t.test(`${service}: ${kind.name}`, async (t) => {
      const server = await kind.start(flags);
      const clients = server.targets.map((target) => connect(target, flags.tls));
      try {
        for (const [i, rule] of stated.entries()) {
          if (holdsIn(rule, server)) await t.test(rule.name, (t) => rule.hold(settingOf(t, i, { server, clients })));
        }
      } finally {
        for (const client of clients) client.close();
        await server.stop();
      }
    });
  }
}

const divergences = readFileSync(new URL('../../../docs/divergence.md', import.meta.url), 'utf8');

function holdsIn({ since, cluster, divergence, differsSince }: Rule, { level, isOurs, targets }: Server): boolean {
  if (divergence !== undefined) {
    if (!divergences.includes(`\n| ${divergence} `)) throw new Error(`no divergence begins with "${divergence}"`);
    if (!isOurs && (differsSince === undefined || differsSince <= level)) return false;
  }
  if (cluster === true && targets.length === 1) return false;
  return since === undefined || since <= level;
}

function settingOf(
  t: Test,
  number: number,
  { server, clients }: { readonly server: Server; readonly clients: readonly Client[] },
): Setting {
  const client = clients.at(-1);
  if (!client) throw new Error('a server without members');
  const prefix = `r${String(number).padStart(3, '0')}/`;
  return {
    t,
    server,
    client,
    clients,
    key: (name = '') => Buffer.from(prefix + name),
    end: Buffer.from(`${prefix.slice(0, -1)}0`),
  };
}

/** How a call was refused: `code text`. A call that was answered says so instead. */
export async function refusal(call: Promise<unknown> | AsyncIterable<unknown>): Promise<string> {
  try {
    if (call instanceof Promise) await call;
    else for await (const _ of call);
  } catch (error) {
    if (error instanceof RpcError) return `${error.status} ${error.message}`;
    throw error;
  }
  return 'answered';
}

/** Resolves once `condition` holds; looks at it again and again. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20));
}
