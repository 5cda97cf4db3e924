/**
 * Who may ask over HTTP, as etcd's rules have it: in clear text only for hosts of the allow-list (a page whose name was bound to
 * our address in the meantime names another one), over TLS not with a certificate where certificates are users. And whose pages may
 * read the answers (CORS).
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { clientCertificateOf, isTlsSocket } from '@flotilla/wire';
import { isGatewayPath } from '../gateway/gateway.ts';
import type { BrainSettings } from '../options.ts';

/** The answer to a request that is refused. */
export interface Refusal {
  readonly status: number;
  readonly text: string;
}

export interface AccessOptions {
  readonly settings: Pick<BrainSettings, 'hostAllowList' | 'corsOrigins' | 'clientCertAuth'>;
  /** Whether the users of the store are in force now. */
  readonly hasUsers: () => boolean;
}

export class Access {
  readonly #hosts: ReadonlySet<string>;
  readonly #origins: ReadonlySet<string>;
  readonly #certificatesAreUsers: () => boolean;

  constructor({ settings, hasUsers }: AccessOptions) {
    this.#hosts = new Set(settings.hostAllowList);
    this.#origins = new Set(settings.corsOrigins);
    this.#certificatesAreUsers = () => settings.clientCertAuth && hasUsers();
  }

  /** Why a request is not served; undefined for one that is. */
  refusalOf({ socket, headers, url }: IncomingMessage): Refusal | undefined {
    if (isTlsSocket(socket)) return isGatewayPath(url) ? this.#refusalOfCertificate(socket) : undefined;
    if (this.#hosts.has('*')) return undefined;
    const host = hostOf(headers.host ?? '');
    if (this.#hosts.has(host)) return undefined;
    const text = `the host ${JSON.stringify(host)} is not served in clear text: use https, or name it in --host-whitelist\n`;
    return { status: 421, text };
  }

  /** Says whose pages may read the answer. */
  allowOrigin({ headers }: IncomingMessage, response: ServerResponse): void {
    const origin = this.#origins.has('*') ? '*' : headers.origin;
    if (origin === undefined || !this.#origins.has(origin)) return;
    response.setHeader('access-control-allow-methods', 'POST, GET, OPTIONS, PUT, DELETE');
    response.setHeader('access-control-allow-origin', origin);
    response.setHeader('access-control-allow-headers', 'accept, content-type, authorization');
  }

  /** The gateway would act as nobody, whatever the certificate says: its owner learns that at once. */
  #refusalOfCertificate(socket: TLSSocket): Refusal | undefined {
    if (!this.#certificatesAreUsers() || !socket.authorized) return undefined;
    const certificate = clientCertificateOf(socket.getPeerCertificate());
    if (!certificate?.commonName) return undefined;
    return { status: 400, text: `${ignoredCommonName}\n` };
  }
}

/** etcd's text. */
const ignoredCommonName =
  'CommonName of client sending a request against gateway will be ignored and not used as expected';

/** Without the port. */
function hostOf(host: string): string {
  return /^\[?([^\]]*?)\]?(?::\d+)?$/.exec(host)?.[1] ?? host;
}
