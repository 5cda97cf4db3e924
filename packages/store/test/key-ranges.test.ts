/** What merged permissions cover, against a model that looks at every key. */
import fc from 'fast-check';
import t from 'tap';
import { READ, addUsers, authStore, bytes, read } from './auth-harness.ts';

/** Short keys over a small alphabet, so that ranges meet. */
const key = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 2 });
const end = fc.oneof(fc.constant(''), fc.constant('\0'), key);
const range = fc.tuple(key, end);
type Range = readonly [key: string, end: string];

/** Every key that matters: those of the alphabet, and the first one after each. */
const letters = ['a', 'b', 'c', 'd'];
const shorter = ['', ...letters, ...letters.flatMap((one) => letters.map((other) => one + other))];
const keys = shorter.flatMap((name) => [name, `${name}\0`, `${name}\0\0`]).filter((name) => name !== '');

function holds([first, end]: Range, name: string): boolean {
  if (end === '') return name === first;
  return name >= first && (end === '\0' || name < end);
}

const isValid = ([first, end]: Range): boolean => end === '' || end === '\0' || first < end;

t.test('a request is permitted when every key of it is', (t) => {
  const property = fc.property(fc.array(range, { maxLength: 4 }), range, (granted, asked) => {
    const auth = authStore();
    addUsers(auth, 'u');
    const valid = granted.filter(isValid);
    for (const [first, end] of valid) auth.allow('u', READ, first, end);
    auth.enable();
    const isGranted = (name: string): boolean => valid.some((range) => holds(range, name));
    // A range that ends before it starts is permitted where its start is.
    const wanted = isValid(asked) ? keys.filter((name) => holds(asked, name)) : [asked[0]];
    const isOpen = asked[1] === '\0';
    const expected = wanted.every(isGranted) && (!isOpen || valid.some(([, end]) => end === '\0'));
    const answer = read(auth, { key: bytes(asked[0]), range_end: bytes(asked[1]) }, auth.as('u'));
    return answer === (expected ? 'ok' : 'permissionDenied');
  });
  t.doesNotThrow(() => fc.assert(property, { numRuns: 3000 }));
  t.end();
});
