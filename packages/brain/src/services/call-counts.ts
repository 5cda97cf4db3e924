/** Counts the calls of a method, and times them where that was asked for, under the names that every gRPC server uses. */
import { type CallObserver, type Method, StatusCode } from '@flotilla/wire';
import type { BrainMetrics } from '../metrics.ts';
import type { Tally } from '../tallied-counter.ts';

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
  return {
    started() {
      started.add(1);
      return grpcHandlingSeconds && performance.now();
    },
    ended(status, startedMs) {
      if (startedMs !== undefined) grpcHandlingSeconds?.observe(labels, (performance.now() - startedMs) / 1000);
      if (status === StatusCode.OK) ok.add(1);
      else handled(codeNames.get(status) ?? 'Unknown').add(1);
    },
  };
}

function camelCase(name: string): string {
  return name
    .split('_')
    .map((word) => word.charAt(0) + word.slice(1).toLowerCase())
    .join('');
}
