/**
 * `Maintenance.Downgrade`, as a cluster answers of whose software there is one version: none is one minor below it, so no
 * target is valid and no job is ever under way. Cancelling what is not under way succeeds, as since etcd 3.6, which only logs
 * that there was nothing (`v3_server.go`).
 */
import { toRpcError } from '@flotilla/store';
import { RpcError, StatusCode, etcdserverpb } from '@flotilla/wire';

const { VALIDATE, ENABLE, CANCEL } = etcdserverpb.DowngradeRequest.DowngradeAction;

/** @throws RpcError unless it cancels. */
export function checkDowngrade({ action, version }: etcdserverpb.DowngradeRequest): void {
  switch (action) {
    case VALIDATE:
    case ENABLE:
      throw toRpcError(isVersion(version) ? 'invalidDowngradeVersion' : 'wrongDowngradeVersionFormat');
    case CANCEL:
      return;
    default:
      throw new RpcError(StatusCode.UNKNOWN, 'etcdserver: unknown method');
  }
}

/** `3.6` or `3.6.0`, with what else a semantic version may have. */
function isVersion(text: string): boolean {
  return /^\d+\.\d+(\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?)?$/.test(text);
}
