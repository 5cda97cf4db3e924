/** Whether a connection is one over TLS. */
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';

/** By what Node says of the socket, for `instanceof` would load `node:tls`, of which a process in clear text has no need. */
export function isTlsSocket(socket: Duplex): socket is TLSSocket {
  return 'encrypted' in socket && socket.encrypted === true;
}
