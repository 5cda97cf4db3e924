import {
  addQuantities,
  canonicalQuantity,
  compareQuantities,
  formatQuantity,
  parseQuantity,
  quantityMillis,
  quantityUnits,
  subtractQuantities,
} from '@flotilla/api';
import fc from 'fast-check';
import t from 'tap';

void t.test('a quantity is stored in the canonical text of Kubernetes', (t) => {
  const cases: Readonly<Record<string, string>> = {
    '0': '0',
    '0Gi': '0',
    '-0': '0',
    '1000m': '1',
    '1500m': '1500m',
    '0.1': '100m',
    '.5': '500m',
    '1.': '1',
    '+3': '3',
    '0.5Gi': '512Mi',
    '1.5Gi': '1536Mi',
    '1024Mi': '1Gi',
    '1023Ki': '1023Ki',
    '512': '512',
    '0.5Ki': '512',
    '1000k': '1M',
    '1100': '1100',
    '12e6': '12e6',
    '1e3': '1e3',
    '1E3': '1e3',
    '1E': '1E',
    '100e-3': '100e-3',
    '1n': '1n',
    '0.1n': '1n',
    '-0.1n': '-1n',
    '100Ei': '9223372036854775807',
    '-5Mi': '-5Mi',
    '0.0001Ki': '102400u',
  };
  for (const [written, canonical] of Object.entries(cases)) t.equal(canonicalQuantity(written), canonical, written);
  t.equal(canonicalQuantity(2), '2', 'a JSON number is a quantity');
  t.end();
});

void t.test('what is no quantity is refused with the words of Kubernetes', (t) => {
  const format = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
  t.throws(() => parseQuantity(''), { message: format, code: 'API_BAD_QUANTITY' });
  t.throws(() => parseQuantity('1 Gi'), { message: format });
  t.throws(() => parseQuantity('ten'), { message: format });
  t.throws(() => parseQuantity('1.2.3'), { message: format });
  t.throws(() => parseQuantity('1KiKi'), { message: "unable to parse quantity's suffix" });
  t.throws(() => parseQuantity('.'), { message: 'unable to parse numeric part of quantity' });
  t.end();
});

void t.test('an absurd exponent costs no time', (t) => {
  t.equal(canonicalQuantity('1e999999999'), '9223372036854775807');
  t.equal(canonicalQuantity('1e-999999999'), '1e-9');
  t.end();
});

const suffixes = ['n', 'u', 'm', '', 'k', 'M', 'G', 'Ki', 'Mi', 'Gi'] as const;
const factors: Readonly<Record<string, readonly [bigint, bigint]>> = {
  n: [1n, 1_000_000_000n],
  u: [1n, 1_000_000n],
  m: [1n, 1000n],
  '': [1n, 1n],
  k: [1000n, 1n],
  M: [1_000_000n, 1n],
  G: [1_000_000_000n, 1n],
  Ki: [1024n, 1n],
  Mi: [1_048_576n, 1n],
  Gi: [1_073_741_824n, 1n],
};
const written = fc.tuple(fc.integer({ min: -1_000_000, max: 1_000_000 }), fc.constantFrom(...suffixes));

void t.test('the value is the number times its factor', (t) => {
  fc.assert(
    fc.property(written, ([number, suffix]) => {
      const [multiply, divide] = factors[suffix] ?? [0n, 1n];
      return parseQuantity(`${number}${suffix}`).nanos * divide === BigInt(number) * multiply * 1_000_000_000n;
    }),
  );
  t.end();
});

void t.test('the canonical text keeps the value and is its own canonical text', (t) => {
  fc.assert(
    fc.property(written, ([number, suffix]) => {
      const quantity = parseQuantity(`${number}${suffix}`);
      const text = formatQuantity(quantity);
      return parseQuantity(text).nanos === quantity.nanos && canonicalQuantity(text) === text;
    }),
  );
  t.end();
});

void t.test('sum, difference and order are those of the values', (t) => {
  fc.assert(
    fc.property(written, written, (left, right) => {
      const [a, b] = [parseQuantity(left.join('')), parseQuantity(right.join(''))];
      const back = subtractQuantities(addQuantities(a, b), b);
      return compareQuantities(back, a) === 0 && compareQuantities(a, b) === Math.sign(Number(a.nanos - b.nanos));
    }),
  );
  t.end();
});

void t.test('whole units and thousandths are rounded away from zero', (t) => {
  t.equal(quantityMillis('0.1'), 100);
  t.equal(quantityMillis('100u'), 1);
  t.equal(quantityUnits('64Mi'), 67_108_864);
  t.equal(quantityUnits('1500m'), 2);
  t.equal(quantityUnits('-1500m'), -2);
  t.end();
});
