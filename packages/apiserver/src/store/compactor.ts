/**
 * Compacts the store every five minutes, down to the revision of five minutes ago, as kube-apiserver does. Of several API
 * servers one does it: they race for `compact_rev_key`, whose version is the election and whose value the revision.
 */
import { type Clock, type Logger, messageOf, sleep } from '@flotilla/base';
import type { EtcdClient } from '@flotilla/etcd-client';

const compactKey = 'compact_rev_key';

interface Round {
  /** Version of the key that the next round must find to win. */
  readonly version: number;
  /** The store's revision at this round: what the next one may compact. */
  readonly revision: number;
}

/** Runs until the signal is aborted. A failed round is logged, and tried again at the next. */
export async function runCompactor(
  { client, clock, logger, intervalMs }: { client: EtcdClient; clock: Clock; logger: Logger; intervalMs: number },
  signal: AbortSignal,
): Promise<void> {
  let last: Round = { version: 0, revision: 0 };
  while (!signal.aborted) {
    await sleep(clock, intervalMs, signal);
    if (signal.aborted) return;
    try {
      last = await compactRound(client, last, signal);
    } catch (error) {
      if (!signal.aborted) logger.warn('the store could not be compacted', { error: messageOf(error) });
    }
  }
}

/** One round: whoever finds the key as it left it compacts; the others learn how it is. */
async function compactRound(client: EtcdClient, last: Round, signal: AbortSignal): Promise<Round> {
  const { header, succeeded, responses } = await client.kv.txn(
    {
      compare: [{ key: compactKey, target: 'version', result: 'equal', operand: last.version }],
      success: [{ type: 'put', key: compactKey, value: String(last.revision) }],
      failure: [{ type: 'range', key: compactKey }],
    },
    { signal },
  );
  const { revision } = header;
  if (!succeeded) {
    const found = responses[0]?.type === 'range' ? responses[0].kvs[0] : undefined;
    return { version: found?.version ?? 0, revision };
  }
  if (last.revision > 0) await client.kv.compact({ revision: last.revision }, { signal });
  return { version: last.version + 1, revision };
}
