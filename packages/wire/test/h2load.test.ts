import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { etcdserverpb, kvService, rpcServerKinds } from '@flotilla/wire';
import { message } from './raw-client.ts';
import { serve } from './rpc-fixture.ts';

t.setTimeout(0);

const h2load = '/usr/bin/h2load';
const run = promisify(execFile);

for (const kind of rpcServerKinds) {
  t.test(
    `${kind}: h2load gets an answer to every call`,
    { skip: existsSync(h2load) ? false : 'h2load is not installed' },
    async (t) => {
      const directory = mkdtempSync(path.join(tmpdir(), 'flotilla-wire-'));
      t.teardown(() => rmSync(directory, { recursive: true }));
      const body = path.join(directory, 'put');
      writeFileSync(body, message(etcdserverpb.PutRequest.encode({ value: Buffer.alloc(256) }).finish()));
      let served = 0;
      const { port } = await serve(t, kind, {
        kv: {
          Put({ value }) {
            if (value.length === 256) served++;
            return { prev_kv: { value } };
          },
        },
      });
      const load = ['-n', '3000', '-c', '10', '-m', '10', '-d', body];
      const fields = ['-H', 'content-type: application/grpc', '-H', 'te: trailers'];
      const { stdout } = await run(h2load, [...load, ...fields, `http://127.0.0.1:${port}${kvService.Put.path}`]);
      t.match(stdout, '3000 total, 3000 started, 3000 done, 3000 succeeded, 0 failed, 0 errored, 0 timeout');
      t.equal(served, 3000);
    },
  );
}
