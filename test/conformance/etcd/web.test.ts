/** What browsers need of the HTTP side: websockets of the gateway, whose pages may ask (CORS), and for which hosts. */
import { once } from 'node:events';
import http, { type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import { WebSocket } from 'ws';
import { bytes } from './client.ts';
import { type Setting, conformance } from './rules.ts';

type Json = Record<string, unknown>;

const base64 = (value: Uint8Array): string => Buffer.from(value).toString('base64');

interface Socket {
  /** The subprotocol that the server chose. */
  readonly protocol: string;
  send(message: Json): void;
  /** The next message; `closed` once there is none. */
  next(): Promise<Json | 'closed'>;
  close(): void;
}

async function openSocket({ t, client }: Setting, path: string, protocols: readonly string[] = []): Promise<Socket> {
  const socket = new WebSocket(`ws://${client.target}${path}`, [...protocols]);
  t.teardown(() => socket.terminate());
  const arrived: (Json | 'closed')[] = [];
  let wake = (): void => undefined;
  const arrive = (message: Json | 'closed'): void => {
    arrived.push(message);
    wake();
  };
  socket.on('message', (data: Buffer) => arrive(JSON.parse(data.toString()) as Json));
  socket.on('close', () => arrive('closed'));
  socket.on('error', () => undefined);
  await once(socket, 'open');
  return {
    protocol: socket.protocol,
    send: (message) => socket.send(JSON.stringify(message)),
    async next() {
      while (arrived.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      return arrived.shift() ?? 'closed';
    },
    close: () => socket.close(),
  };
}

/** What lies at the end of a path. */
function dig(value: unknown, ...path: (string | number)[]): unknown {
  return path.reduce((at, name) => (at as Record<string | number, unknown> | undefined)?.[name], value);
}

interface Reply {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
}

async function ask({ client }: Setting, path: string, options: http.RequestOptions = {}): Promise<Reply> {
  const request = http.request(`http://${client.target}${path}`, { agent: false, ...options });
  request.end();
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  response.resume();
  await once(response, 'end');
  return { status: response.statusCode ?? 0, headers: response.headers };
}

const originOf = ({ headers }: Reply): unknown => headers['access-control-allow-origin'];

const oneAnswer = {
  divergence: 'A websocket for a call with one answer, or one that is refused',
  differsSince: '3.5',
} as const;

conformance(
  'Websockets',
  ({ rule }) => {
    rule('a watch is one: requests and responses are messages', async (setting) => {
      const { t, client, key } = setting;
      const socket = await openSocket(setting, '/v3/watch');
      socket.send({ create_request: { key: base64(key('a')) } });
      t.equal(dig(await socket.next(), 'result', 'created'), true);
      socket.send({ create_request: { key: base64(key('b')) } });
      t.equal(dig(await socket.next(), 'result', 'created'), true);
      for (const [name, value] of [
        ['a', 'one'],
        ['b', 'two'],
      ] as const) {
        await client.kv.Put({ key: key(name), value: bytes(value) });
        t.equal(dig(await socket.next(), 'result', 'events', 0, 'kv', 'value'), base64(bytes(value)));
      }
      socket.close();
      t.equal(await socket.next(), 'closed');
    });

    rule('a call with one answer is one too, and ends with it', oneAnswer, async (setting) => {
      const { t, client, key } = setting;
      await client.kv.Put({ key: key('a'), value: bytes('v') });
      for (const path of ['/v3/kv/range', '/v3beta/kv/range']) {
        const socket = await openSocket(setting, path);
        socket.send({ key: base64(key('a')) });
        t.equal(dig(await socket.next(), 'kvs', 0, 'value'), base64(bytes('v')));
        t.equal(await socket.next(), 'closed');
      }
    });

    rule('a call that is refused says so and ends', oneAnswer, async (setting) => {
      const { t } = setting;
      const socket = await openSocket(setting, '/v3/kv/put');
      socket.send({ value: base64(bytes('v')) });
      t.match(dig(await socket.next(), 'message') ?? '', /key is not provided/);
      t.equal(await socket.next(), 'closed');
    });

    rule('what the client says wrong ends it', oneAnswer, async (setting) => {
      const { t } = setting;
      const socket = await openSocket(setting, '/v3/watch');
      socket.send({ create_request: 'no object' });
      let last: Json | 'closed';
      do last = await socket.next();
      while (last !== 'closed');
      t.equal(last, 'closed');
    });

    // Before, etcd did not know the word Bearer, and its own websockets were without users.
    rule('a token comes in the subprotocol', { since: '3.7' }, async (setting) => {
      const { t, client, key } = setting;
      await client.auth.UserAdd({ name: 'root', password: 'root' });
      await client.auth.UserGrantRole({ user: 'root', role: 'root' });
      await client.auth.AuthEnable({});
      const { token } = await client.auth.Authenticate({ name: 'root', password: 'root' });
      const request = { create_request: { key: base64(key('a')) } };
      const socket = await openSocket(setting, '/v3/watch', ['Bearer', token]);
      t.equal(socket.protocol, 'Bearer');
      socket.send(request);
      t.equal(dig(await socket.next(), 'result', 'created'), true);
      const asRoot = { metadata: { token } };
      await client.kv.Put({ key: key('a'), value: bytes('mine') }, asRoot);
      t.equal(dig(await socket.next(), 'result', 'events', 0, 'kv', 'value'), base64(bytes('mine')));
      const nobody = await openSocket(setting, '/v3/watch');
      nobody.send(request);
      t.match(dig(await nobody.next(), 'result', 'cancel_reason'), /user name is empty/);
      await client.auth.AuthDisable({}, asRoot);
    });
  },
  { all: { 'bcrypt-cost': 4 } },
);

conformance('Anybody may ask', ({ rule }) => {
  rule('any host, any origin', async (setting) => {
    const { t } = setting;
    for (const path of ['/health', '/version', '/no-such-path']) {
      const reply = await ask(setting, path, {
        headers: { host: 'anything.example', origin: 'http://page.example:8080' },
      });
      t.equal(originOf(reply), '*', path);
      t.equal(reply.headers['access-control-allow-headers'], 'accept, content-type, authorization');
      t.equal(reply.headers['access-control-allow-methods'], 'POST, GET, OPTIONS, PUT, DELETE');
    }
    const preflight = await ask(setting, '/v3/kv/range', {
      method: 'OPTIONS',
      headers: { origin: 'http://page.example:8080' },
    });
    t.strictSame([preflight.status, originOf(preflight)], [200, '*']);
  });
});

conformance('Offers of other protocols', ({ rule }) => {
  rule('one that is not taken up leaves a request like any other', async (setting) => {
    const { t } = setting;
    const headers = { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c', 'http2-settings': 'AAMAAABkAAQAAP__' };
    t.equal((await ask(setting, '/health', { headers })).status, 200);
    t.equal((await ask(setting, '/no-such-path', { headers })).status, 404);
  });
});

conformance(
  'Some may ask',
  ({ rule }) => {
    rule('pages of the named origins may read answers', async (setting) => {
      const { t } = setting;
      const named = await ask(setting, '/health', {
        headers: { host: 'store.example', origin: 'http://page.example:8080' },
      });
      t.strictSame([named.status, originOf(named)], [200, 'http://page.example:8080']);
      for (const headers of [{ origin: 'http://other.example' }, {}]) {
        const reply = await ask(setting, '/health', { headers: { host: 'store.example', ...headers } });
        t.strictSame([reply.status, originOf(reply)], [200, undefined]);
      }
    });

    rule('for other hosts than the named nothing is served', async (setting) => {
      const { t } = setting;
      const ofHost = async (host: string, path = '/health'): Promise<number> =>
        (await ask(setting, path, { headers: { host } })).status;
      t.equal(await ofHost('store.example'), 200);
      t.equal(await ofHost('store.example:2379'), 200, 'whatever port');
      t.equal(await ofHost('evil.example'), 421);
      t.equal(await ofHost('evil.example', '/v3/kv/range'), 421);
      t.equal(await ofHost('evil.example', '/metrics'), 421);
      await t.rejects(openSocket({ ...setting, t }, '/v3/watch'), 'websockets neither: the address is not named');
    });
  },
  { all: { cors: ['http://page.example:8080'], 'host-whitelist': ['store.example'] } },
);
