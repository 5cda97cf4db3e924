/** `grpc.health.v1.Health`: the server as a whole, under the name "". It serves until it begins to stop. */
import { toRpcError } from '@flotilla/store';
import { type Handlers, RpcError, StatusCode, grpc, type healthService } from '@flotilla/wire';

const { SERVING, NOT_SERVING, SERVICE_UNKNOWN } = grpc.health.v1.HealthCheckResponse.ServingStatus;

/** @param stopping aborted when the member begins to stop */
export function healthHandlers(stopping: AbortSignal): Handlers<typeof healthService> {
  const present = (): typeof SERVING | typeof NOT_SERVING => (stopping.aborted ? NOT_SERVING : SERVING);
  return {
    Check({ service }) {
      if (service !== '') throw new RpcError(StatusCode.NOT_FOUND, 'unknown service');
      return { status: present() };
    },
    async *Watch({ service }, { signal }) {
      // A service that nobody knows now could come to be.
      yield { status: service === '' ? present() : SERVICE_UNKNOWN };
      await untilAborted(AbortSignal.any([signal, stopping]));
      if (signal.aborted) return;
      if (service === '') yield { status: NOT_SERVING };
      throw toRpcError('serverStopped');
    },
  };
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
