/**
 * Which stage of a write each place of the code belongs to, by its file: where the CPU seconds of a leader go. The members must
 * run unbundled for that.
 */

/** In the order in which a write passes them; what belongs to none comes last. */
export const stages = [
  'transport: HTTP/2 and gRPC',
  'decode',
  'services',
  'driver',
  'raft',
  'log',
  'peers',
  'apply',
  'encode',
  "Node's event loop and streams",
  'garbage collection',
  'native code and system calls',
  'other',
  'idle',
] as const;

export type Stage = (typeof stages)[number];

export interface Place {
  readonly functionName: string;
  /** As V8 names it: a file URL, `node:…`, or empty for its own. */
  readonly url: string;
}

const byFunction: Readonly<Record<string, Stage>> = {
  '(idle)': 'idle',
  '(garbage collector)': 'garbage collection',
  '(program)': 'native code and system calls',
  '(root)': 'other',
};

/** The first that matches. */
const byUrl: readonly (readonly [RegExp, Stage])[] = [
  [/\/packages\/raft\//, 'raft'],
  [/\/packages\/store\//, 'apply'],
  [/\/packages\/brain\/dist\/log\//, 'log'],
  [/\/packages\/brain\/dist\/driver\/log-writer/, 'log'],
  [/\/packages\/brain\/dist\/driver\/(applier|state-machine)/, 'apply'],
  [/\/packages\/brain\/dist\/driver\//, 'driver'],
  [/\/packages\/brain\/dist\/transport\//, 'peers'],
  [/\/packages\/brain\/dist\/services\//, 'services'],
  [/\/packages\/brain\/dist\/http\//, 'transport: HTTP/2 and gRPC'],
  [/\/packages\/brain\//, 'driver'],
  [/\/node_modules\/(classic|abstract)-level\//, 'apply'],
  [/\/node_modules\/msgpackr\//, 'peers'],
  [/\/node_modules\/@grpc\//, 'transport: HTTP/2 and gRPC'],
  [/\/packages\/wire\/(dist|src)\//, 'transport: HTTP/2 and gRPC'],
  [/^node:(internal\/)?(http2|net|tls|_http)/, 'transport: HTTP/2 and gRPC'],
  [/^node:(internal\/)?(fs|zlib)/, 'log'],
  [/^node:/, "Node's event loop and streams"],
];

/** The generated messages and their runtime do both ways in one file. */
const isMessageCode = (url: string): boolean =>
  /\/(packages\/wire\/gen|node_modules\/(protobufjs|long|@protobufjs))\//.test(url);
const isEncoding = ({ functionName, url }: Place): boolean =>
  /writer/.test(url) || /encode|write|finish|fork|ldelim/i.test(functionName);

/** @returns undefined when the code serves whoever calls it, and belongs to its stage */
export function stageOf(place: Place): Stage | undefined {
  const { functionName, url } = place;
  const special = byFunction[functionName];
  if (special) return special;
  if (isMessageCode(url)) return isEncoding(place) ? 'encode' : 'decode';
  if (/\/packages\/base\//.test(url) || /^node:(internal\/)?(buffer|util|validators|assert)/.test(url) || url === '')
    return undefined;
  return byUrl.find(([pattern]) => pattern.test(url))?.[1] ?? 'other';
}
