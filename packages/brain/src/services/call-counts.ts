/** Counts the calls of a method, and times them where that was asked for, under the names that every gRPC server uses. */
import { type CallObserver, type Method, StatusCode } from '@flotilla/wire';
import type { BrainMetrics } from '../metrics.ts';
import type { Tally } from '../tallied-counter.ts';
import { clientVersionKey } from './client-version.ts';

/** Whoever says more than there are clients of is counted among the unknown. */
const maxClientVersions = 100;

const grpcTypes = { unary: 'unary', serverStream: 'server_stream', bidi: 'bidi_stream' } as const;

/** The names of statuses as Go prints them: `NotFound`, and `Canceled` with one l. */
const codeNames: ReadonlyMap<StatusCode, string> = new Map([
  ...Object.entries(StatusCode).map(([name, status]) => [status, camelCase(name)] as const),
  [StatusCode.OK, 'OK'],
  [StatusCode.CANCELLED, 'Canceled'],
]);

export function countCalls(method: Method, metrics: BrainMetrics): CallObserver {
  const [, grpc_service = '', grpc_method = ''] = method.path.split('/');
  const labels = { grpc_type: grpcTypes[method.kind], grpc_service, grpc_method };
  const started = metrics.grpcStarted.tally(labels);
  const handled = (grpc_code: string): Tally => metrics.grpcHandled.tally({ ...labels, grpc_code });
  const ok = handled('OK');
  const { grpcHandlingSeconds } = metrics;
  const received = metrics.grpcReceived.tally(labels);
  const sent = metrics.grpcSent.tally(labels);
  const versions = clientVersions(method, metrics);
  return {
    started(context) {
      started.add(1);
      if (method.kind !== 'bidi') received.add(1);
      versions.count(context.metadata(clientVersionKey));
      return grpcHandlingSeconds && performance.now();
    },
    received: () => received.add(1),
    sent: (count) => sent.add(count),
    ended(status, startedMs) {
      if (startedMs !== undefined) grpcHandlingSeconds?.observe(labels, (performance.now() - startedMs) / 1000);
      if (status !== StatusCode.OK) return handled(codeNames.get(status) ?? 'Unknown').add(1);
      ok.add(1);
      if (method.kind === 'unary') sent.add(1);
    },
  };
}

interface ClientVersions {
  count(version: string | undefined): void;
}

/** By what clients say they are; made for one method, so that a call looks no further than for its version. */
function clientVersions({ kind }: Method, { clientRequests }: BrainMetrics): ClientVersions {
  const type = kind === 'unary' ? 'unary' : 'stream';
  const known = new Map<string, Tally>();
  const tallyOf = (client_api_version: string): Tally => clientRequests.tally({ type, client_api_version });
  return {
    count(version = 'unknown') {
      let tally = known.get(version);
      if (!tally) {
        tally = tallyOf(known.size < maxClientVersions ? version : 'unknown');
        if (known.size < maxClientVersions) known.set(version, tally);
      }
      tally.add(1);
    },
  };
}

function camelCase(name: string): string {
  return name
    .split('_')
    .map((word) => word.charAt(0) + word.slice(1).toLowerCase())
    .join('');
}
