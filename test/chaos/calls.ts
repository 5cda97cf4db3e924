/** Inputs of the model as calls. */
import {
  type EtcdInput,
  type EtcdOutput,
  deleteOutput,
  deleteRequest,
  putOutput,
  putRequest,
  rangeOutput,
  rangeRequest,
  txnOutput,
  txnRequest,
} from '@flotilla/simulator';
import type { TestClient } from '@flotilla/brain/test/cluster';
import { callTimeoutMs } from './attempts.ts';

/** @throws RpcError when it was refused, or nobody knows. */
export async function call({ kv }: TestClient, input: EtcdInput): Promise<EtcdOutput> {
  const options = { timeoutMs: callTimeoutMs };
  switch (input.kind) {
    case 'put':
      return putOutput(await kv.Put(putRequest(input), options));
    case 'delete':
      return deleteOutput(await kv.DeleteRange(deleteRequest(input), options));
    case 'range':
      return rangeOutput(await kv.Range(rangeRequest(input), options));
    case 'txn':
      return txnOutput(await kv.Txn(txnRequest(input), options));
    default:
      throw new Error(`no call for ${input.kind}`);
  }
}
