/**
 * A configuration as bytes, for the state that a driver keeps and the snapshots that it sends. Little endian, canonical:
 *
 *     0 u8  format, 1
 *     1 u8  1 when the joint configuration is left by itself
 *     2     voters, outgoing voters, learners, learners to be: each a u16 count and that many u64 ids
 */
import { configProblem, maxMembers } from './config.ts';
import type { Config, NodeId } from './entry.ts';

/** Thrown for bytes that are no configuration. */
export class ConfigFormatError extends Error {
  override readonly name = 'ConfigFormatError';
  readonly code = 'CONFIG_FORMAT';
}

const format = 1;
const listsAt = 2;

export function encodeConfig(config: Config): Uint8Array {
  const { voters, votersOutgoing, learners, learnersNext = [], autoLeave = false } = config;
  const lists = [voters, votersOutgoing, learners, learnersNext];
  const bytes = new Uint8Array(lists.reduce((size, list) => size + 2 + 8 * list.length, listsAt));
  const view = new DataView(bytes.buffer);
  view.setUint8(0, format);
  view.setUint8(1, autoLeave ? 1 : 0);
  let at = listsAt;
  for (const list of lists) {
    if (list.length > maxMembers) throw new ConfigFormatError(`a list of members is above ${maxMembers}`);
    view.setUint16(at, list.length, true);
    at += 2;
    for (const id of list) {
      view.setBigUint64(at, id, true);
      at += 8;
    }
  }
  return bytes;
}

/** @throws ConfigFormatError for anything that `encodeConfig` does not make of a configuration that makes sense. */
export function decodeConfig(bytes: Uint8Array): Config {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length > 0 && view.getUint8(0) !== format) {
    throw new ConfigFormatError(
      `a configuration of format ${view.getUint8(0)} is not known to this version: start a newer one`,
    );
  }
  const flags = bytes[1] ?? 2;
  const lists: NodeId[][] = [];
  let at = listsAt;
  for (let i = 0; i < 4; i++) {
    const list = readList(view, at);
    lists.push(list);
    at += 2 + 8 * list.length;
  }
  if (flags > 1 || at !== bytes.length) throw new ConfigFormatError('a configuration does not end where it should');
  const [voters = [], votersOutgoing = [], learners = [], learnersNext = []] = lists;
  const config: Config = {
    voters,
    votersOutgoing,
    learners,
    ...(learnersNext.length > 0 ? { learnersNext } : {}),
    ...(flags === 1 ? { autoLeave: true } : {}),
  };
  const problem = configProblem(config);
  if (problem !== undefined) throw new ConfigFormatError(`a configuration makes no sense: ${problem}`);
  return config;
}

function readList(view: DataView, at: number): NodeId[] {
  const count = at + 2 <= view.byteLength ? view.getUint16(at, true) : maxMembers + 1;
  if (count > maxMembers || at + 2 + 8 * count > view.byteLength) {
    throw new ConfigFormatError('a configuration is cut short');
  }
  return Array.from({ length: count }, (_, i) => view.getBigUint64(at + 2 + 8 * i, true));
}
