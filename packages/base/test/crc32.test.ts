import t from 'tap';
import { crc32, crc32FromTables } from '@flotilla/base';

t.test('agrees with the published check values', (t) => {
  for (const checksum of [crc32, crc32FromTables]) {
    t.equal(checksum(new TextEncoder().encode('123456789')), 0xcbf43926);
    t.equal(checksum(new Uint8Array(32)), 0x190a55ad);
    t.equal(checksum(new Uint8Array(0)), 0);
  }
  t.end();
});

t.test('short and long bytes have the same checksum by either way, wherever they are cut', (t) => {
  const bytes = Uint8Array.from({ length: 461 }, (_, i) => (i * 37) & 0xff);
  const whole = crc32FromTables(bytes);
  for (let cut = 0; cut <= bytes.length; cut++) {
    const [front, back] = [bytes.subarray(0, cut), bytes.subarray(cut)];
    t.equal(crc32(front), crc32FromTables(front));
    t.equal(crc32(back, crc32(front)), whole);
  }
  t.end();
});
