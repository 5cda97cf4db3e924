import {
  controllerOf,
  controllerReference,
  generatedName,
  isControlledBy,
  nameAlphabet,
  percentOf,
  podTemplateHash,
  scaledValue,
} from '@flotilla/api';
import fc from 'fast-check';
import t from 'tap';

void t.test('a generated name ends in five letters that make no words', (t) => {
  t.equal(
    generatedName('web-', () => 0),
    'web-bbbbb',
  );
  t.equal(
    generatedName('web-', () => 0.999),
    'web-99999',
  );
  t.equal(generatedName('x'.repeat(80), () => 0).length, 63);
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (random) =>
      nameAlphabet.includes(generatedName('', () => random).charAt(0)),
    ),
  );
  t.end();
});

void t.test('the hash of a template does not depend on the order of its keys', (t) => {
  const hash = podTemplateHash({ metadata: { labels: { a: '1', b: '2' } }, spec: { containers: [] } });
  t.equal(
    podTemplateHash({ spec: { containers: [], hostname: undefined }, metadata: { labels: { b: '2', a: '1' } } }),
    hash,
  );
  t.not(podTemplateHash({ metadata: { labels: { a: '1', b: '3' } }, spec: { containers: [] } }), hash);
  t.not(podTemplateHash({ metadata: { labels: { a: '1', b: '2' } }, spec: { containers: [] } }, 1), hash);
  t.match(hash, new RegExp(`^[${nameAlphabet}]{1,10}$`, 'u'));
  t.end();
});

void t.test('the controller of an object is told by uid', (t) => {
  const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', metadata: { name: 'web', uid: 'u1' } };
  const reference = controllerReference(owner);
  t.same(reference, {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    name: 'web',
    uid: 'u1',
    controller: true,
    blockOwnerDeletion: true,
  });
  const other = { ...reference, uid: 'u2', controller: false };
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', ownerReferences: [other, reference] } };
  t.same(controllerOf(pod), reference);
  t.ok(isControlledBy(pod, owner));
  t.notOk(isControlledBy(pod, { ...owner, metadata: { name: 'web', uid: 'u3' } }));
  t.notOk(
    isControlledBy({ ...pod, metadata: { name: 'p' } }, { ...owner, metadata: { name: 'web' } }),
    'no uid is nobody',
  );
  t.throws(() => controllerReference({ ...owner, metadata: { name: 'web' } }), /has no uid/u);
  t.end();
});

void t.test('a percentage is taken of the total and rounded as asked', (t) => {
  t.equal(percentOf('25%'), 25);
  t.equal(percentOf(25), undefined);
  t.equal(percentOf('25'), undefined);
  t.equal(scaledValue(3, { total: 10, roundUp: true }), 3);
  t.equal(scaledValue('25%', { total: 10, roundUp: true }), 3);
  t.equal(scaledValue('25%', { total: 10, roundUp: false }), 2);
  t.throws(() => scaledValue('x', { total: 1, roundUp: true }), RangeError);
  t.end();
});
