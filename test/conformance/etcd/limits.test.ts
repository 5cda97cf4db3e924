/** Limits that flags set: the size of a request, the operations of a transaction. */
import { once } from 'node:events';
import { type IncomingHttpHeaders, connect as connectHttp2 } from 'node:http2';
import { etcdserverpb } from '@flotilla/wire';
import { conformance, refusal } from './rules.ts';

const maxRequestBytes = 8192;
const overheadBytes = 512 * 1024;
const tooLarge = '3 etcdserver: request is too large';

conformance(
  'Limits',
  ({ rule }) => {
    rule('a request whose entry is larger than the limit is refused, whatever writes', async ({ t, client, key }) => {
      const value = Buffer.alloc(maxRequestBytes);
      t.equal(await refusal(client.kv.Put({ key: key('a'), value: value.subarray(0, 7000) })), 'answered');
      t.equal(await refusal(client.kv.Put({ key: key('a'), value })), tooLarge);
      t.equal(await refusal(client.kv.Txn({ success: [{ request_put: { key: key('a'), value } }] })), tooLarge);
      t.equal(await refusal(client.kv.DeleteRange({ key: value })), tooLarge);
    });

    rule('a message of half a mebibyte more is refused by gRPC', async ({ t, client, key }) => {
      const value = Buffer.alloc(maxRequestBytes + overheadBytes);
      t.match(await refusal(client.kv.Put({ key: key('a'), value })), /^8 .*larger than max/);
      t.match(await refusal(client.kv.Range({ key: value })), /^8 .*larger than max/);
    });

    rule('a read may be larger than the limit', async ({ t, client, key, end }) => {
      t.equal(
        await refusal(client.kv.Range({ key: Buffer.concat([key(), Buffer.alloc(2 * maxRequestBytes)]) })),
        'answered',
      );
      for (let i = 0; i < 10; i++) await client.kv.Put({ key: key(String(i)), value: Buffer.alloc(5000) });
      t.equal((await client.kv.Range({ key: key(), range_end: end })).kvs.length, 10);
    });

    rule('a transaction has as many operations as the flag allows', async ({ t, client, key }) => {
      const ops = (count: number): etcdserverpb.RequestOp.$Properties[] =>
        Array.from({ length: count }, () => ({ request_range: { key: key('a') } }));
      t.equal(await refusal(client.kv.Txn({ success: ops(4), failure: ops(4) })), 'answered');
      const refused = '3 etcdserver: too many operations in txn request';
      t.equal(await refusal(client.kv.Txn({ success: ops(5) })), refused);
      t.equal(await refusal(client.kv.Txn({ failure: ops(5) })), refused);
    });

    rule('the version that a client says it has must be UTF-8', { since: '3.6' }, async ({ t, client, key }) => {
      const session = connectHttp2(`http://${client.target}`);
      t.teardown(() => session.close());
      const range = etcdserverpb.RangeRequest.encode({ key: key('a') }).finish();
      /** The bytes of the version are those of the characters. */
      const call = async (version: string, path = 'KV/Range', message: Uint8Array = range): Promise<string> => {
        const request = session.request({
          ':method': 'POST',
          ':path': `/etcdserverpb.${path}`,
          'content-type': 'application/grpc',
          'client-api-version': version,
          te: 'trailers',
        });
        request.end(Buffer.concat([Buffer.of(0, 0, 0, 0, message.length), message]));
        let [status, text] = ['', ''];
        const read = (fields: IncomingHttpHeaders): void => {
          status = String(fields['grpc-status']);
          text = decodeURIComponent(String(fields['grpc-message'] ?? ''));
        };
        request.on('response', read).on('trailers', read).resume();
        await once(request, 'end');
        return `${status} ${text}`;
      };
      const refused = '3 etcdserver: invalid client api version';
      t.equal(await call('3.7.1'), '0 ');
      t.equal(await call(Buffer.from('3.7-ü').toString('latin1')), '0 ');
      t.equal(await call('3.7-\xfc'), refused);
      t.equal(await call('\xff', 'Watch/Watch', new Uint8Array()), refused);
      t.equal(await call('\xff', 'Maintenance/Snapshot', new Uint8Array()), refused);
    });

    rule('the member lives on', async ({ t, clients, key }) => {
      for (const client of clients) t.equal(await refusal(client.kv.Put({ key: key('a') })), 'answered');
    });
  },
  { all: { 'max-request-bytes': maxRequestBytes, 'max-txn-ops': 4 } },
);
