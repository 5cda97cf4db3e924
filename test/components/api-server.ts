/** A real API server on a real etcd for a test, with tokens for those who call. */
import 'reflect-metadata';
import { type ChildProcess, spawn } from 'node:child_process';
import { webcrypto } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ApiClient, createApiClient } from '@flotilla/api-client';
import { type RunningApiServer, startApiServer } from '@flotilla/apiserver';
import * as x509 from '@peculiar/x509';

export type TransportName = 'grpc' | 'rest';

export interface TestApiServer {
  /** A client with a connection of its own; `admin` may do everything. */
  client(transport: TransportName, user?: 'admin' | 'system:kube-controller-manager'): ApiClient;
  /** Ends the API server and starts another on the same port and store. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export async function startTestApiServer(): Promise<TestApiServer> {
  const directory = await mkdtemp(join(tmpdir(), 'flotilla-components-'));
  const etcd = await startEtcd(directory);
  const certificate = await selfSigned();
  const text = 't-admin,admin,1,"system:masters"\nt-kcm,system:kube-controller-manager,2\n';
  const start = (securePort: number): Promise<RunningApiServer> =>
    startApiServer({
      etcdServers: [etcd.endpoint],
      securePort,
      tlsCert: certificate.cert,
      tlsKey: certificate.key,
      tokenFile: { path: 'tokens.csv', text },
      serviceClusterIpRange: '127.96.0.0/24',
      compactionIntervalMs: 0,
    });
  let server = await start(0);
  const clients: ApiClient[] = [];
  return {
    client(transport, user = 'admin') {
      const token = user === 'admin' ? 't-admin' : 't-kcm';
      const tls = { ca: certificate.cert, serverName: 'localhost' };
      const client = createApiClient({ transport, server: `https://${server.address}`, tls, token });
      clients.push(client);
      return client;
    },
    async restart() {
      const port = Number(server.address.split(':')[1]);
      await server.close();
      server = await start(port);
    },
    async stop() {
      for (const client of clients) client.close();
      await server.close();
      etcd.process.kill('SIGKILL');
      await once(etcd.process, 'exit');
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function startEtcd(directory: string): Promise<{ readonly endpoint: string; readonly process: ChildProcess }> {
  const [client, peer] = [`http://127.0.0.1:${await freePort()}`, `http://127.0.0.1:${await freePort()}`];
  const flags = {
    'data-dir': directory,
    name: 'one',
    'initial-cluster': `one=${peer}`,
    'listen-client-urls': client,
    'advertise-client-urls': client,
    'listen-peer-urls': peer,
    'initial-advertise-peer-urls': peer,
    'log-level': 'fatal',
  };
  const words = Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
  return { endpoint: client, process: spawn(process.env['ETCD_PATH'] ?? '/usr/bin/etcd', words, { stdio: 'ignore' }) };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** A server's certificate that is its own authority. */
async function selfSigned(): Promise<{ readonly cert: string; readonly key: string }> {
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=test',
    keys,
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + 86_400_000),
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.SubjectAlternativeNameExtension([
        { type: 'dns', value: 'localhost' },
        { type: 'ip', value: '127.0.0.1' },
      ]),
    ],
  });
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  const key = `-----BEGIN PRIVATE KEY-----\n${der.replace(/.{64}/g, '$&\n')}\n-----END PRIVATE KEY-----\n`;
  return { cert: certificate.toString('pem'), key };
}
