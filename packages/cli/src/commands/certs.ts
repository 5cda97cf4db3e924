/** `flotilla certs`: certificates for TLS of the store, and how to use them. */
import { isIP } from 'node:net';
import { OperatingError } from '@flotilla/base';
import {
  type MemberHosts,
  type StoreCertificates,
  hasAuthority,
  makeStoreCertificates,
  peerName,
} from '../pki/store-certificates.ts';

export interface CertsCommandOptions {
  /** `NAME` or `NAME=HOST,…`. */
  readonly members: readonly string[];
  readonly directory: string;
  readonly clients: readonly string[];
  readonly days: string;
  readonly force: boolean;
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
}

export const certsHelp = `
Members are NAME or NAME=HOST,… with the names and addresses under which clients and other members reach them;
localhost and 127.0.0.1 unless told. When nothing is named, the member "default" and the client "root" are meant; the
first members get the client "root" too.

Examples:
  flotilla certs                                         one member on this machine, and a client "root"
  flotilla certs a=10.0.0.1 b=10.0.0.2 c=10.0.0.3        three members, each on a machine of its own
  flotilla certs --client alice                          a client more; with --client-cert-auth its name is its user
  flotilla certs a=10.0.0.1 --force                      renew: running members use the new files at the next handshake

A CA that is in the directory is used again, so members and clients can be added later. Keep its key (ca.key) away from the
machines of the members: only this command needs it.
`;

/** @returns what to print. @throws OperatingError `INVALID_OPTIONS`, `CERTS_EXIST`, `CA_UNUSABLE` */
export async function runCerts(options: CertsCommandOptions): Promise<string> {
  const { directory, force, nowMs } = options;
  const problems: string[] = [];
  // Whoever names only one kind adds to what is there.
  const isFirst = !hasAuthority(directory);
  const memberTexts = options.members.length === 0 && options.clients.length === 0 ? ['default'] : options.members;
  const members = memberTexts.map((member) => memberOf(member, problems));
  const clients =
    options.clients.length === 0 && (isFirst || options.members.length === 0) ? ['root'] : options.clients;
  for (const name of [...members.map((member) => member.name), ...clients]) {
    if (!/^[\w.-]+$/.test(name)) problems.push(`"${name}" is no name: letters, digits, dots, dashes and underscores`);
  }
  if (clients.includes(peerName)) problems.push(`no client may be called ${peerName}: that is what members are called`);
  if (new Set(members.map(({ name }) => name)).size < members.length) problems.push('a member is named twice');
  const days = Number(options.days);
  if (!Number.isInteger(days) || days < 1 || days > 3650)
    problems.push(`--days: "${options.days}" is none from 1 to 3650`);
  if (problems.length > 0) throw new OperatingError('INVALID_OPTIONS', problems.join('\n'));
  const unique = [...new Set(clients)];
  const made = await makeStoreCertificates({ directory, members, clients: unique, days, overwrite: force, nowMs });
  return text(made, days);
}

function memberOf(text: string, problems: string[]): MemberHosts {
  const [name = '', list] = text.split('=');
  if (list === undefined) return { name, hosts: ['localhost', '127.0.0.1'] };
  const hosts = list.split(',').map((host) => host.trim());
  for (const host of hosts) {
    const isHost = isIP(host) !== 0 || /^(\*\.)?[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(host);
    if (!isHost) problems.push(`"${host}" of member ${name} is neither a host name nor an address`);
  }
  return { name, hosts };
}

function text({ authority, authorityIsNew, members, clients }: StoreCertificates, days: number): string {
  const rows: readonly (readonly [file: string, what: string])[] = [
    [authority.certificate, `the CA${authorityIsNew ? ', new' : ', which was there'}: what members and clients trust`],
    [authority.key, 'its key: keep it away from the members'],
    ...members.flatMap(({ name, server, peer }) => [
      [server.certificate, `member ${name}, for its clients`] as const,
      [peer.certificate, `member ${name}, for the other members`] as const,
    ]),
    ...clients.map(({ name, certificate }) => [certificate, `client ${name}`] as const),
  ];
  const width = Math.max(...rows.map(([file]) => file.length)) + 2;
  const first = clients[0];
  return [
    `Made for ${days} days; each .crt has its key beside it, in a .key that only you can read:`,
    '',
    ...rows.map(([file, what]) => `  ${file.padEnd(width)}${what}`),
    '',
    ...members.flatMap(({ name, server, peer }) => [
      `Flags of member ${name}, with https:// in all of its URLs:`,
      '',
      `  --cert-file=${server.certificate} --key-file=${server.key} \\`,
      `  --trusted-ca-file=${authority.certificate} --client-cert-auth \\`,
      `  --peer-cert-file=${peer.certificate} --peer-key-file=${peer.key} \\`,
      `  --peer-trusted-ca-file=${authority.certificate} --peer-client-cert-auth \\`,
      `  --peer-cert-allowed-cn=${peerName}`,
      '',
    ]),
    ...(first
      ? [
          'A client:',
          '',
          `  etcdctl --endpoints=https://HOST:2379 --cacert=${authority.certificate} \\`,
          `    --cert=${first.certificate} --key=${first.key} endpoint health`,
        ]
      : []),
  ].join('\n');
}
