import t from 'tap';
import { crc32c } from '@flotilla/base';

t.test('agrees with the published check values', (t) => {
  t.equal(crc32c(new TextEncoder().encode('123456789')), 0xe3069283);
  t.equal(crc32c(new Uint8Array(32)), 0x8a9136aa, 'RFC 3720 B.4: 32 bytes of zeros');
  t.equal(crc32c(new Uint8Array(32).fill(0xff)), 0x62a8ab43, 'RFC 3720 B.4: 32 bytes of ones');
  t.equal(crc32c(new Uint8Array(0)), 0);
  t.end();
});

t.test('continues from the checksum of what came before, wherever the bytes are cut', (t) => {
  const bytes = Uint8Array.from({ length: 61 }, (_, i) => (i * 37) & 0xff);
  const whole = crc32c(bytes);
  for (let cut = 0; cut <= bytes.length; cut++) {
    t.equal(crc32c(bytes.subarray(cut), crc32c(bytes.subarray(0, cut))), whole);
  }
  t.end();
});
