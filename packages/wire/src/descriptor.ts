/** What etcd's messages and services consist of, read from the descriptor that the build makes of `proto/etcd`. */
import { assert } from '@flotilla/base';
import { descriptor } from '../gen/descriptor.js';

export interface Field {
  readonly name: string;
  /** On the wire. */
  readonly number: number;
  /** The other name that JSON may use: `rangeEnd`. */
  readonly jsonName: string;
  /** `int64`, `bytes`, …, or the name of a message or an enum. */
  readonly type: string;
  readonly isRepeated: boolean;
  /** Whether a zero that was set differs from none. */
  readonly hasPresence: boolean;
  /** For a field of a message: where it is described. */
  readonly message: () => Message | undefined;
  /** For a field of an enum: name → number. */
  readonly values: ReadonlyMap<string, number> | undefined;
}

export interface Message {
  readonly fields: readonly Field[];
  /** By either name. */
  readonly byName: ReadonlyMap<string, Field>;
}

export interface MethodTypes {
  readonly request: Message;
  readonly response: Message;
}

/** A node of the descriptor, as far as it is read here. */
interface Node {
  readonly nested?: Readonly<Record<string, Node>>;
  readonly fields?: Readonly<Record<string, { readonly id: number; readonly type: string; readonly rule?: string }>>;
  readonly oneofs?: Readonly<Record<string, { readonly oneof: readonly string[] }>>;
  readonly values?: Readonly<Record<string, number>>;
  readonly methods?: Readonly<Record<string, { readonly requestType: string; readonly responseType: string }>>;
}

const root = descriptor as Node;
const messages = new Map<Node, Message>();

/** The types of a method by its path, `/etcdserverpb.KV/Range`. */
export function methodTypes(path: string): MethodTypes {
  const [, service = '', name = ''] = path.split('/');
  const [packageName = '', serviceName = ''] = service.split('.');
  const scope = root.nested?.[packageName];
  const method = scope?.nested?.[serviceName]?.methods?.[name];
  assert(scope !== undefined && method !== undefined, `${path} is described`);
  return {
    request: messageNamed(method.requestType, [root, scope]),
    response: messageNamed(method.responseType, [root, scope]),
  };
}

function messageNamed(name: string, scopes: readonly Node[]): Message {
  const found = resolve(name, scopes);
  assert(found?.node.fields !== undefined, `the message ${name} is described`);
  return messageOf(found.node, found.scopes);
}

interface Resolved {
  readonly node: Node;
  readonly scopes: readonly Node[];
}

/** Looks a name up from the innermost scope outwards. */
function resolve(name: string, scopes: readonly Node[]): Resolved | undefined {
  const [first = '', ...rest] = name.replace(/^\./, '').split('.');
  for (let depth = scopes.length; depth > 0; depth--) {
    let path = scopes.slice(0, depth);
    let node = path.at(-1)?.nested?.[first];
    for (const part of rest) {
      if (node) path = [...path, node];
      node = node?.nested?.[part];
    }
    if (node) return { node, scopes: [...path, node] };
  }
  return undefined;
}

function messageOf(node: Node, scopes: readonly Node[]): Message {
  const known = messages.get(node);
  if (known) return known;
  const inOneof = new Set(Object.values(node.oneofs ?? {}).flatMap(({ oneof }) => oneof));
  const fields = Object.entries(node.fields ?? {}).map(([name, { id, type, rule }]): Field => {
    const found = resolve(type, scopes);
    const isMessage = found?.node.fields !== undefined;
    return {
      name,
      number: id,
      jsonName: name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
      type,
      isRepeated: rule === 'repeated',
      hasPresence: isMessage || inOneof.has(name),
      message: () => (found && isMessage ? messageOf(found.node, found.scopes) : undefined),
      values: found?.node.values && new Map(Object.entries(found.node.values)),
    };
  });
  const byName = new Map(fields.flatMap((field) => [[field.jsonName, field] as const, [field.name, field] as const]));
  const message = { fields, byName };
  messages.set(node, message);
  return message;
}
