/** No input crashes anything: objects made at random from the schema, and out of it, meet every function of their kind. */
import { seededRandomness } from '@flotilla/base';
import {
  ApiError,
  deepEqual,
  decodeObject,
  kinds,
  patchObject,
  tableOf,
  type Kind,
  type KubeObject,
  type Schema,
} from '@flotilla/api';
import fc from 'fast-check';
import t from 'tap';

type Random = () => number;

const texts = [
  '',
  'a',
  'A b',
  '..',
  '1',
  '50%',
  '500m',
  '64Mi',
  'RollingUpdate',
  'Always',
  'ClientIP',
  '127.0.0.1',
  'a/b',
  'None',
  'aGk=',
  '2026-01-01T00:00:00Z',
];
const oddities: readonly unknown[] = [null, '', -1, 1.5, 2 ** 40, true, [], {}, [null], { '': null }, 'x'];

function pick<T>(values: readonly T[], random: Random): T | undefined {
  return values[Math.floor(random() * values.length)];
}

/** A value of the schema; every fortieth is something else. */
function valueOf(schema: Schema, random: Random): unknown {
  if (random() < 0.025) return pick(oddities, random);
  const some = Array.from({ length: Math.floor(random() * 3) });
  switch (schema.type) {
    case 'model':
      return objectOf(
        Object.entries(schema.fields).map(([key, field]) => [key, field.schema]),
        random,
      );
    case 'list':
      return some.map(() => valueOf(schema.items, random));
    case 'map':
      return Object.fromEntries(some.map(() => [pick(texts, random) ?? '', valueOf(schema.values, random)]));
    case 'boolean':
      return random() < 0.5;
    case 'int32':
    case 'int64':
      return pick([0, 1, 80, -1, 65536], random);
    default:
      return pick(texts, random);
  }
}

const directives: Readonly<Record<string, unknown>> = {
  $patch: 'delete',
  $retainKeys: ['name'],
  '$setElementOrder/containers': [{ name: 'a' }],
};

function objectOf(fields: readonly (readonly [string, Schema])[], random: Random): Record<string, unknown> {
  const chosen = fields.filter(() => random() < 0.3).map(([key, schema]) => [key, valueOf(schema, random)] as const);
  const directive = random() < 0.02 ? pick(Object.entries(directives), random) : undefined;
  return Object.fromEntries(directive ? [...chosen, directive] : chosen);
}

/** The result, or undefined where the input was refused as it should be. Anything else that is thrown fails the test. */
function unlessRefused<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    if (error instanceof ApiError) return undefined;
    throw error;
  }
}

function decoded(kind: Kind, random: Random): KubeObject | undefined {
  const { apiVersion: _, kind: _kind, ...fields } = kind.model.fields;
  const value = objectOf(
    Object.entries(fields).map(([key, field]) => [key, field.schema]),
    random,
  );
  return unlessRefused(() => decodeObject(kind, value).object);
}

/** Everything that a create, an update and a get do with objects of the kind. */
function live(kind: Kind, object: KubeObject, old: KubeObject): void {
  const { strategy } = kind;
  const created = strategy.prepareForCreate(kind.defaults(object));
  const before = strategy.prepareForCreate(kind.defaults(old));
  kind.validate(created);
  kind.validateUpdate(strategy.prepareForUpdate(created, before), before);
  kind.validateStatusUpdate(strategy.prepareForStatusUpdate(object, before), before);
  strategy.gracePeriodSeconds(object, undefined);
  tableOf(kind, [object, created], { metadata: {}, nowMs: 0, includeObject: 'None', withDefinitions: true });
  for (const value of Object.values(kind.fieldSelectors)) value(object);
}

void t.test('whatever decodes can be defaulted, validated and shown', (t) => {
  let count = 0;
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const { next } = seededRandomness(seed);
      for (const kind of kinds) {
        const [object, old] = [decoded(kind, next), decoded(kind, next)];
        if (!object || !old) continue;
        live(kind, object, old);
        count++;
      }
    }),
    { numRuns: 150 },
  );
  t.ok(count > 150, 'most inputs decode');
  t.end();
});

void t.test('what was decoded and defaulted decodes to itself, and defaults change it no more', (t) => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const { next } = seededRandomness(seed);
      for (const kind of kinds) {
        const object = decoded(kind, next);
        if (!object) continue;
        const stored = kind.defaults(object);
        const again = decodeObject(kind, JSON.parse(JSON.stringify(stored)));
        if (again.strictProblems.length > 0 || !deepEqual(again.object, decodeObject(kind, again.object).object))
          return false;
        if (!deepEqual(kind.defaults(stored), stored)) return false;
      }
      return true;
    }),
    { numRuns: 100 },
  );
  t.end();
});

void t.test('any patch is applied or refused', (t) => {
  fc.assert(
    fc.property(fc.integer(), fc.constantFrom('merge', 'strategic-merge', 'json'), (seed, form) => {
      const { next } = seededRandomness(seed);
      for (const kind of kinds) {
        const current = decoded(kind, next);
        if (!current) continue;
        const change = valueOf(kind.model, next);
        const operation = {
          op: pick(['add', 'remove', 'replace', 'copy', 'move', 'test', '?'], next),
          path: pick(['', '/spec', '/metadata/labels/a', '/spec/-', 'x'], next),
          from: '/spec',
          value: change,
        };
        const body = JSON.stringify(form === 'json' ? [operation] : change);
        unlessRefused(() =>
          patchObject({
            type: kind,
            current,
            contentType: `application/${form}-patch+json`,
            body,
            fieldValidation: 'Warn',
          }),
        );
      }
    }),
    { numRuns: 150 },
  );
  t.end();
});
