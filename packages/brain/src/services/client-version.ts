/** The metadata in which clients of etcd name their version: whatever it says, it must be text. */
import { isUtf8 } from 'node:buffer';
import { toRpcError } from '@flotilla/store';
import { type CallContext, type Handlers, Pushed, type ServiceTable, pushed } from '@flotilla/wire';

export const clientVersionKey = 'client-api-version';

type Handler = (request: unknown, context: CallContext) => unknown;

/** The same handlers, which refuse clients whose version is no UTF-8. */
export function readableClients<T extends ServiceTable>(handlers: Handlers<T>): Handlers<T> {
  const result: Record<string, unknown> = { ...handlers };
  for (const [name, value] of Object.entries(result)) {
    const handler = value as Handler | Pushed<unknown, unknown>;
    if (handler instanceof Pushed) {
      result[name] = pushed<unknown, unknown>(async (request, sink, context) => {
        checkVersion(context);
        await handler.handler(request, sink, context);
      });
      continue;
    }
    const checking: Handler = (request, context) => {
      checkVersion(context);
      return handler(request, context);
    };
    result[name] = checking;
  }
  return result as Handlers<T>;
}

function checkVersion(context: CallContext): void {
  const version = context.metadata(clientVersionKey);
  // A character a byte, most of them ASCII.
  if (version === undefined || /^[\x20-\x7e]*$/.test(version) || isUtf8(Buffer.from(version, 'latin1'))) return;
  throw toRpcError('invalidClientApiVersion');
}
