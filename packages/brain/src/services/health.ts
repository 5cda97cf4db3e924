/** `grpc.health.v1.Health`: the server as a whole, under the name "". */
import { type Handlers, RpcError, StatusCode, grpc, type healthService } from '@flotilla/wire';

const { SERVING, SERVICE_UNKNOWN } = grpc.health.v1.HealthCheckResponse.ServingStatus;

export function healthHandlers(): Handlers<typeof healthService> {
  return {
    Check({ service }) {
      if (service !== '') throw new RpcError(StatusCode.NOT_FOUND, 'unknown service');
      return { status: SERVING };
    },
    async *Watch({ service }, { signal }) {
      yield { status: service === '' ? SERVING : SERVICE_UNKNOWN };
      await new Promise<void>((resolve) => {
        if (signal.aborted) resolve();
        else signal.addEventListener('abort', () => resolve(), { once: true });
      });
    },
  };
}
