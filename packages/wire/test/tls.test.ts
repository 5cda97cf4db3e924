import type { AddressInfo } from 'node:net';
import { createServer } from 'node:tls';
import t from 'tap';
import {
  type ClientCertificate,
  connectService,
  createRpcServer,
  kvService,
  openChannel,
  rpcServerKinds,
  toSafeInteger,
} from '@flotilla/wire';
import { createAuthority } from './certificates.ts';
import { collect } from './rpc-fixture.ts';

t.setTimeout(0);

for (const kind of rpcServerKinds) {
  t.test(`${kind}: calls over TLS, with and without a client certificate`, async (t) => {
    const { ca, issue } = await createAuthority();
    const own = await issue({ commonName: 'server' });
    const client = await issue({ commonName: 'ann', organization: 'system:masters' });
    const seen: (ClientCertificate | undefined)[] = [];
    const large = Buffer.alloc(100_000, 7);
    const server = createRpcServer(kind);
    server.add(kvService, {
      Put({ value }, { clientCertificate }) {
        seen.push(clientCertificate);
        return { prev_kv: { value } };
      },
      async *RangeStream() {
        for (let count = 0; count < 40; count++) {
          yield await Promise.resolve({ range_response: { count, kvs: [{ key: large }] } });
        }
      },
    });
    const options = { ...own, ca, requestCert: true, rejectUnauthorized: false, noDelay: true, ALPNProtocols: ['h2'] };
    const listener = createServer(options, (socket) => server.accept(socket));
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    const target = `127.0.0.1:${(listener.address() as AddressInfo).port}`;
    const channels = [openChannel({ target, tls: { ca } }), openChannel({ target, tls: { ca, ...client } })];
    t.teardown(async () => {
      for (const channel of channels) channel.close();
      listener.close();
      await server.close(0);
    });
    for (const channel of channels) {
      const kv = connectService(channel, kvService);
      const answers = await Promise.all(Array.from({ length: 20 }, () => kv.Put({ value: large })));
      t.ok(answers.every(({ prev_kv }) => large.equals(prev_kv?.value ?? Buffer.alloc(0))));
      const responses = await collect(kv.RangeStream({}));
      t.same(
        responses.map(({ range_response }) => toSafeInteger(range_response?.count)),
        [...Array(40).keys()],
      );
    }
    t.equal(seen[0], undefined);
    t.same(seen.at(-1), { commonName: 'ann', organizations: ['system:masters'] });
  });
}
