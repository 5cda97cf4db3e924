// The bytes of a conf change: they stay on disk, so they are fixed, bounded, and read by nothing but themselves.
import {
  type ConfChange,
  decodeConfChange,
  encodeConfChange,
  maxChangedMembers,
  maxContextBytes,
} from '@flotilla/raft';
import fc from 'fast-check';
import t from 'tap';
import { change, leave, voter } from './harness/solo.ts';

const refused = { code: 'CONF_CHANGE_FORMAT' };

const plainObjects = { noNullPrototype: true };
const conf: fc.Arbitrary<ConfChange> = fc.oneof(
  fc.record({ kind: fc.constant('leave' as const), context: fc.uint8Array({ maxLength: 40 }) }, plainObjects),
  fc.record(
    {
      kind: fc.constant('change' as const),
      transition: fc.constantFrom('auto' as const, 'implicit' as const, 'explicit' as const),
      members: fc.uniqueArray(
        fc.record(
          {
            type: fc.constantFrom('voter' as const, 'learner' as const, 'remove' as const, 'update' as const),
            id: fc.bigInt({ min: 1n, max: 2n ** 64n - 1n }),
          },
          plainObjects,
        ),
        { minLength: 1, maxLength: 9, selector: ({ id }) => id },
      ),
      context: fc.uint8Array({ maxLength: 40 }),
    },
    plainObjects,
  ),
);

t.test('a change comes out of its bytes as it went in', (t) => {
  fc.assert(
    fc.property(conf, (one) => {
      t.strictSame(decodeConfChange(encodeConfChange(one)), one);
    }),
    { numRuns: 500 },
  );
  t.end();
});

t.test('the bytes are these, for ever', (t) => {
  const context = Uint8Array.of(7, 8);
  const one: ConfChange = {
    kind: 'change',
    transition: 'explicit',
    members: [voter(0x0102n), { type: 'remove', id: 3n }],
    context,
  };
  t.equal(
    Buffer.from(encodeConfChange(one)).toString('hex'),
    '01' + '03' + '0200' + '02000000' + '00' + '0201000000000000' + '02' + '0300000000000000' + '0708',
  );
  t.equal(
    Buffer.from(encodeConfChange({ ...leave, context })).toString('hex'),
    '01' + '00' + '0000' + '02000000' + '0708',
  );
  t.end();
});

t.test('a change is read out of the middle of a larger buffer, and keeps nothing of it', (t) => {
  const bytes = encodeConfChange({ ...leave, context: Uint8Array.of(1, 2, 3) });
  const larger = Uint8Array.of(9, 9, ...bytes, 9);
  const { context } = decodeConfChange(larger.subarray(2, 2 + bytes.length));
  larger.fill(0);
  t.strictSame(context, Uint8Array.of(1, 2, 3));
  t.end();
});

t.test('what does not fit the format is not encoded', (t) => {
  const many = Array.from({ length: maxChangedMembers + 1 }, (_, i) => voter(BigInt(i + 1)));
  for (const one of [
    change('auto'),
    change('auto', ...many),
    change('auto', voter(1n), { type: 'remove', id: 1n }),
    change('auto', voter(0n)),
    change('auto', voter(2n ** 64n)),
    { ...leave, context: new Uint8Array(maxContextBytes + 1) },
  ] as ConfChange[]) {
    t.throws(() => encodeConfChange(one), refused);
  }
  t.doesNotThrow(() => encodeConfChange(change('auto', ...many.slice(1))));
  t.doesNotThrow(() => encodeConfChange({ ...leave, context: new Uint8Array(maxContextBytes) }));
  t.end();
});

t.test('anything else than a change is an error, never a change', (t) => {
  const bytes = encodeConfChange(change('auto', voter(5n)));
  for (let size = 0; size < bytes.length; size++) t.throws(() => decodeConfChange(bytes.slice(0, size)), refused);
  const altered = (at: number, value: number): Uint8Array => bytes.map((byte, i) => (i === at ? value : byte));
  t.throws(() => decodeConfChange(altered(0, 2)), /format 2 is not known to this version/);
  t.throws(() => decodeConfChange(altered(1, 4)), refused, 'an unknown transition');
  t.throws(() => decodeConfChange(altered(1, 0)), refused, 'a leave with members');
  t.throws(() => decodeConfChange(altered(8, 4)), refused, 'an unknown part');
  t.throws(() => decodeConfChange(altered(9, 0)), refused, 'nobody');
  t.throws(() => decodeConfChange(altered(4, 1)), refused, 'a context that is not there');
  t.throws(() => decodeConfChange(altered(3, 255)), refused, 'more members than a change may name');
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), fc.boolean(), (noise, versioned) => {
      if (versioned) noise[0] = 1;
      try {
        t.strictSame(encodeConfChange(decodeConfChange(noise)), noise);
      } catch (error) {
        t.match(error, refused);
      }
    }),
    { numRuns: 1000 },
  );
  t.end();
});
