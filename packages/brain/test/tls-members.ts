/** Members with TLS, and what is said to them over it, for tests. */
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { type ConnectionOptions, type TLSSocket, connect as connectTls, createSecureContext } from 'node:tls';
import type { Test } from 'tap';
import { type LogFields, type Logger, silentLogger } from '@flotilla/base';
import { type Brain, type BrainOptionValues, brainSettings, startBrain } from '@flotilla/brain';
import { type ChannelContext, type ChannelTls, connectService, kvService, openChannel } from '@flotilla/wire';
import type { PairFiles } from '@flotilla/wire/test/certificates';
import type { ClusterPlan } from './cluster.ts';

/** Remembers its lines. */
export function loggerOf(lines: string[]): Logger {
  const log = (message: string, fields?: LogFields): void => {
    lines.push(`${message} ${JSON.stringify(fields ?? {})}`);
  };
  const logger: Logger = { ...silentLogger, info: log, warn: log, error: log, child: () => logger };
  return logger;
}

export const pem = ({ cert, key }: PairFiles): { cert: string; key: string } => ({
  cert: readFileSync(cert, 'utf8'),
  key: readFileSync(key, 'utf8'),
});

/** A client that takes any certificate. */
export const unverified: ChannelContext = {
  context: createSecureContext(),
  checkServerIdentity: () => undefined,
  verifies: false,
};

/** What a put says: `ok`, or the status. */
export async function put(target: string, tls?: ChannelTls | ChannelContext): Promise<string> {
  const channel = openChannel({ target, ...(tls && { tls }) });
  try {
    await connectService(channel, kvService).Put({ key: Buffer.from('a'), value: Buffer.from('b') });
    return 'ok';
  } catch (error) {
    return (error as { name: string }).name;
  } finally {
    channel.close();
  }
}

/** One handshake, to its end: the connection, or why there is none. */
export async function shake(target: string, options: ConnectionOptions): Promise<TLSSocket> {
  const [host = '', port] = target.split(':');
  const socket = connectTls({ host, port: Number(port), ...options });
  await once(socket, 'secureConnect');
  return socket;
}

export async function serialOf(target: string, options: ConnectionOptions): Promise<string> {
  const socket = await shake(target, options);
  const { serialNumber = '' } = socket.getPeerX509Certificate() ?? {};
  socket.destroy();
  return serialNumber;
}

export const serialIn = (file: string): string => new X509Certificate(readFileSync(file)).serialNumber;

export async function get(url: string, options: https.RequestOptions = {}): Promise<string> {
  const request = (url.startsWith('https:') ? https : http).get(url, { agent: false, ...options });
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  let body = '';
  for await (const chunk of response.setEncoding('utf8')) body += chunk as string;
  return `${response.statusCode} ${body}`;
}

/** The same plan, with more options. */
export function withOptions(plan: ClusterPlan, of: (i: number) => Partial<BrainOptionValues>): ClusterPlan {
  const members = plan.members.map((member, i) => ({ ...member, options: { ...member.options, ...of(i) } }));
  return { ...plan, members };
}

/** The same plan, with peer URLs that say https. */
export function withHttpsPeers(plan: ClusterPlan): ClusterPlan {
  return withOptions(plan, (i) => {
    const { options = {} } = plan.members[i] ?? {};
    return {
      'listen-peer-urls': secured(options['listen-peer-urls']),
      'initial-advertise-peer-urls': secured(options['initial-advertise-peer-urls']),
      'initial-cluster': (options['initial-cluster'] ?? '').replaceAll('http:', 'https:'),
    };
  });
}

function secured(urls: readonly string[] = []): string[] {
  return urls.map((url) => url.replace('http:', 'https:'));
}

export async function startMembers(
  t: Test,
  plan: ClusterPlan,
  optionsOf: (i: number) => Partial<BrainOptionValues> = () => ({}),
): Promise<{ readonly brains: Brain[]; readonly logs: readonly string[][] }> {
  const logs = plan.members.map((): string[] => []);
  const brains = await Promise.all(
    plan.members.map(({ options }, i) =>
      startBrain({ settings: brainSettings({ ...options, ...optionsOf(i) }), logger: loggerOf(logs[i] ?? []) }),
    ),
  );
  t.teardown(async () => {
    await Promise.all(brains.map((brain) => brain.close()));
    await plan.clean();
  });
  return { brains, logs };
}
