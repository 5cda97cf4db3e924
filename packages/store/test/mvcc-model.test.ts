/** The store against the slow, obvious model, under random operations. */
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import t from 'tap';
import { createStore } from '@flotilla/store';
import { Model } from './model.ts';
import { type OperationAt, operation } from './operations.ts';
import { asClientSees, checkOperation, execute } from './server.ts';

/** Runs operations on both and returns the first answer that differs. */
function firstDifference(operations: readonly OperationAt[]): unknown {
  const store = createStore();
  const model = new Model();
  for (const operationAt of operations) {
    const asked = operationAt(model.revision);
    if (checkOperation(asked)) continue;
    const expected = asClientSees(asked, model.execute(asked));
    const actual = asClientSees(asked, execute(store, asked));
    if (!isDeepStrictEqual(actual, expected)) return { asked: JSON.stringify(asked), actual, expected };
  }
  return undefined;
}

t.test('the store answers as the model does, whatever is asked', (t) => {
  const check = fc.property(fc.array(operation, { maxLength: 60, size: 'max' }), (operations) => {
    const difference = firstDifference(operations);
    if (difference !== undefined) throw new Error(JSON.stringify(difference, undefined, 1));
  });
  t.doesNotThrow(() => fc.assert(check, { numRuns: 150 }));
  t.end();
});

t.test('the store answers as the model does over a long life', (t) => {
  t.same(firstDifference(fc.sample(operation, { seed: 7, numRuns: 1500 })), undefined);
  t.end();
});
