/** Responses that differ only in a few bytes arrive as if each had been sent by itself, however they are cut into frames. */
import t from 'tap';
import { type EncodedRun, etcdserverpb, pushed, toSafeInteger } from '@flotilla/wire';
import { iterate, serve } from './rpc-fixture.ts';

t.setTimeout(0);

const { WatchResponse } = etcdserverpb;
/** The ids of watches: none on the wire, one byte, two. */
const ids = Array.from({ length: 200 }, (_, i) => i);

/** Responses whose reason has so many characters, one for each id. */
function runOf(reasonChars: number): EncodedRun {
  return {
    head: WatchResponse.encode({ header: { revision: 7 } }).finish(),
    middles: ids.map((watch_id) => WatchResponse.encode({ watch_id }).finish()),
    tail: WatchResponse.encode({ cancel_reason: 'r'.repeat(reasonChars) }).finish(),
  };
}

const sizes = [
  { name: 'of a few bytes', reasonChars: 10 },
  { name: 'of which some fill a frame', reasonChars: 3_000 },
  { name: 'that together exceed every window', reasonChars: 12_000 },
  { name: 'that are larger than a frame', reasonChars: 20_000 },
];

for (const { name, reasonChars } of sizes) {
  t.test(`a run of responses ${name}`, async (t) => {
    const { watch, bugs } = await serve(t, 'flotilla', {
      watch: {
        Watch: pushed((_requests, sink) => {
          t.ok(sink.writeRun, 'the lean server takes runs');
          sink.write({ watch_id: -1 });
          sink.writeRun?.(runOf(reasonChars));
          sink.writeRun?.(runOf(reasonChars));
          sink.write({ watch_id: -2 });
          sink.end();
        }),
      },
    });
    const seen: number[] = [];
    for await (const { header, watch_id, cancel_reason } of watch.Watch(iterate({ progress_request: {} }))) {
      const id = toSafeInteger(watch_id);
      seen.push(id);
      if (id < 0) continue;
      if (toSafeInteger(header?.revision) !== 7 || cancel_reason !== 'r'.repeat(reasonChars)) t.fail(`watch ${id}`);
    }
    t.same(seen, [-1, ...ids, ...ids, -2]);
    t.same(bugs, []);
  });
}
