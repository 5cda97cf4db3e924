/**
 * A brain inside a program: `flotilla/brain` of the npm package. One member or several in this process, which talk to each
 * other and to clients over real sockets, with their data on a directory or in memory.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { OperatingError, endAfter, parseOptions, silentLogger } from '@flotilla/base';
import { createMemoryDatabases, createMemoryStateDirectory } from '@flotilla/store';
import { type Brain as Member, startBrain as startMember } from '../brain.ts';
import { openDisk } from '../disk.ts';
import { createMemoryFiles } from '../log/memory-files.ts';
import { type BrainOptionValues, brainOptionTable, brainSettings } from '../options.ts';
import type { BrainOptions } from '../system-world.ts';
import type { Brain, BrainMember, StartBrainOptions } from './options.ts';
import { type PeerPort, closePeerPorts, openPeerPorts } from './peer-ports.ts';

export type { Brain, BrainMember, FlagValue, StartBrainOptions } from './options.ts';

const maxMembers = 7;
/** In memory the log need not be cut in few large pieces. */
const memorySegmentBytes = 4 * 1024 * 1024;
const ownFlags = new Set<string>([
  'name',
  'data-dir',
  'listen-client-urls',
  'advertise-client-urls',
  'listen-peer-urls',
  'initial-advertise-peer-urls',
  'initial-cluster',
  'initial-cluster-state',
  // Each member would make a cluster of its own.
  'force-new-cluster',
]);
/** A leader is found within milliseconds where nothing is far. */
const nearTiming = { 'heartbeat-interval': 50, 'election-timeout': 500 };

/**
 * Starts a brain. Resolves when it serves: a leader is elected, and each member has had a write acknowledged.
 * @throws OperatingError `INVALID_OPTIONS` that lists every problem; for a directory that is damaged, in use or another
 *   brain's, what a member says of it. Then nothing runs.
 */
export async function startBrain(asked: StartBrainOptions = {}): Promise<Brain> {
  const { members: count = 1, dataDir, flags = {} } = asked;
  const values = flagValues(count, flags);
  if (dataDir === undefined && values['auto-tls'] === true) {
    throw new OperatingError('INVALID_OPTIONS', 'flags: auto-tls needs a dataDir, for the certificate that it makes');
  }
  if (dataDir !== undefined) await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const ports = await openPeerPorts(count, dataDir);
  const options = ports.map((_, index) => memberOptions({ index, ports, dataDir, values }));
  const started = await Promise.allSettled(onOneDisk(options).map((of) => startMember(of)));
  const members = started.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const close = async (): Promise<void> => {
    // All at once, and each to its end: what rejects must leave nothing open either.
    const results = await Promise.allSettled(members.map((member) => member.close()));
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  };
  try {
    for (const result of started) if (result.status === 'rejected') throw result.reason;
    await Promise.all(members.map((member) => Promise.race([member.ready, member.stopped])));
  } catch (error) {
    return await endAfter(error, [close, () => closePeerPorts(ports)]);
  }
  return {
    members: members.map((member, i) => brainMember(nameOf(i), member)),
    endpoints: members.flatMap(({ clientUrls }) => clientUrls.map((url) => new URL(url).host)),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function nameOf(index: number): string {
  return `m${index + 1}`;
}

/** @throws OperatingError `INVALID_OPTIONS`, listing every problem. */
function flagValues(count: number, flags: NonNullable<StartBrainOptions['flags']>): Partial<BrainOptionValues> {
  const problems: string[] = [];
  if (!Number.isSafeInteger(count) || count < 1 || count > maxMembers) {
    problems.push(`members: ${count} is not a whole number from 1 to ${maxMembers}`);
  }
  const argv: string[] = [];
  for (const [name, value] of Object.entries({ ...nearTiming, ...flags })) {
    if (ownFlags.has(name)) problems.push(`flags: ${name} is chosen by startBrain`);
    else argv.push(`--${name}=${Array.isArray(value) ? value.join(',') : String(value)}`);
  }
  if (problems.length > 0) throw new OperatingError('INVALID_OPTIONS', problems.join('\n'));
  return parseOptions(brainOptionTable, { argv, env: {} });
}

function memberOptions(given: {
  readonly index: number;
  readonly ports: readonly PeerPort[];
  readonly dataDir: string | undefined;
  readonly values: Partial<BrainOptionValues>;
}): BrainOptions {
  const { index, ports, dataDir, values } = given;
  const peerUrls = ports.map(({ port }) => `http://127.0.0.1:${port}`);
  const peerUrl = peerUrls.slice(index, index + 1);
  const settings = brainSettings({
    ...values,
    name: nameOf(index),
    'data-dir': join(dataDir ?? '/memory', nameOf(index)),
    'listen-client-urls': ['http://127.0.0.1:0'],
    'advertise-client-urls': ['http://127.0.0.1:0'],
    'listen-peer-urls': peerUrl,
    'initial-advertise-peer-urls': peerUrl,
    'initial-cluster': peerUrls.map((url, i) => `${nameOf(i)}=${url}`).join(','),
  });
  const peerListeners = ports.slice(index, index + 1).map(({ listener }) => listener);
  return { settings, peerListeners, ...(dataDir === undefined && inMemory()) };
}

/** All logs on the disk are written by one thread: to start one for each member would take longer than all else. */
function onOneDisk(members: readonly BrainOptions[]): readonly BrainOptions[] {
  const [first] = members;
  if (!first) return members;
  const { files } = openDisk(first.settings, silentLogger);
  return members.map((options) => ({ files, ...options }));
}

/** The files of one member. */
function inMemory(): Pick<BrainOptions, 'files' | 'openDatabase' | 'openStateDirectory' | 'segmentBytes'> {
  const databases = createMemoryDatabases({ keepsBatches: false });
  return {
    files: createMemoryFiles(),
    openDatabase: databases.open,
    openStateDirectory: (path) => createMemoryStateDirectory(path, databases),
    segmentBytes: memorySegmentBytes,
  };
}

function brainMember(name: string, member: Member): BrainMember {
  return {
    name,
    clientUrl: member.clientUrls[0] ?? '',
    get leads() {
      return member.status().isLeader;
    },
    stopped: member.stopped,
    close: () => member.close(),
  };
}
