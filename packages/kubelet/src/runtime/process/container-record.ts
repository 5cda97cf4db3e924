/**
 * What the process runtime knows of its sandboxes and containers, on disk: a kubelet that starts finds every process that an earlier
 * one began. The record `starting` is written before the process exists, `running` in the turn of its spawn; between the two the
 * marker in the process's environment names it.
 */
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isRecord, readJson, writeJson } from '../../durable-file.ts';
import type { ContainerConfig, PodSandboxConfig } from '../cri.ts';
import type { ProcessIdentity } from './process-table.ts';

export interface ContainerExit {
  readonly exitCode: number;
  readonly reason: string;
  readonly message: string;
}

/** One variant a state; times in milliseconds since the epoch. */
export type ContainerPhase =
  | { readonly state: 'created' }
  | { readonly state: 'starting'; readonly startedAtMs: number }
  | { readonly state: 'running'; readonly startedAtMs: number; readonly process: ProcessIdentity }
  | {
      readonly state: 'exited';
      readonly startedAtMs: number;
      readonly finishedAtMs: number;
      readonly exit: ContainerExit;
    };

export interface ContainerRecord {
  readonly id: string;
  readonly sandboxId: string;
  readonly createdAtMs: number;
  readonly config: ContainerConfig;
  readonly phase: ContainerPhase;
}

export interface SandboxRecord {
  readonly id: string;
  readonly createdAtMs: number;
  readonly config: PodSandboxConfig;
  readonly address: string;
  /** False for a sandbox in the host's network: the address is the node's own. */
  readonly ownAddress: boolean;
  /** `stopped` takes no new containers; `released` has given its address back. */
  readonly state: 'ready' | 'stopped' | 'released';
  readonly bootId: string;
}

/** A folder a record, each with its JSON file. */
export interface RecordStore<T extends { readonly id: string }> {
  directoryOf(id: string): string;
  write(record: T): void;
  /** All records that are readable; `damaged` names the folders that hold none. */
  readAll(): { readonly records: readonly T[]; readonly damaged: readonly string[] };
}

export function openRecordStore<T extends { readonly id: string }>(
  directory: string,
  accept: (value: unknown) => value is T,
): RecordStore<T> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const directoryOf = (id: string): string => join(directory, id);
  const pathOf = (id: string): string => join(directoryOf(id), 'record.json');
  return {
    directoryOf,
    write: (record) => writeJson(pathOf(record.id), record),
    readAll() {
      const records: T[] = [];
      const damaged: string[] = [];
      for (const id of readdirSync(directory)) {
        const record = readJson(pathOf(id), accept);
        if (record) records.push(record);
        else damaged.push(id);
      }
      return { records, damaged };
    },
  };
}

/** The shape of the record only: the file is our own. */
export function isContainerRecord(value: unknown): value is ContainerRecord {
  return (
    isRecord(value) && typeof value['sandboxId'] === 'string' && isRecord(value['config']) && isRecord(value['phase'])
  );
}

export function isSandboxRecord(value: unknown): value is SandboxRecord {
  return isRecord(value) && typeof value['address'] === 'string' && isRecord(value['config']);
}
