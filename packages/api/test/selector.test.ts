import {
  labelSelectorText,
  matchesFields,
  matchesLabels,
  parseFieldSelector,
  parseLabelSelector,
  pods,
  configMaps,
  requirementsOf,
  type LabelSelector,
  type Pod,
} from '@flotilla/api';
import fc from 'fast-check';
import t from 'tap';

function selects(selector: string, labels: Record<string, string>): boolean {
  return matchesLabels(parseLabelSelector(selector), labels);
}

void t.test('a query string selects by equality, sets, presence and order', (t) => {
  const web = { app: 'web', tier: 'front', size: '5' };
  for (const selector of [
    '',
    'app=web',
    'app==web',
    'app!=db',
    'missing!=x',
    'app in (db, web)',
    'app notin (db)',
    'missing notin (db)',
    'app',
    '!missing',
    'size>4',
    'size<6',
    ' app = web , tier in (front) , !missing ',
  ]) {
    t.ok(selects(selector, web), selector);
  }
  for (const selector of [
    'app=db',
    'app!=web',
    'app in (db)',
    'app notin (web)',
    'missing',
    '!app',
    'size>5',
    'app>1',
    'app=',
    'app=web,tier=back',
  ]) {
    t.notOk(selects(selector, web), selector);
  }
  t.ok(selects('empty=', { empty: '' }));
  t.ok(selects('empty in (,a)', { empty: '' }));
  t.ok(selects('in in (in)', { in: 'in' }), 'operators are words like others where a word stands');
  t.end();
});

void t.test('a selector that makes no sense is refused with the words of Kubernetes', (t) => {
  const cases: readonly (readonly [string, string])[] = [
    ['a,', "unable to parse requirement: found '', expected: identifier after ','"],
    ['a in b', "unable to parse requirement: found 'b', expected: '('"],
    ['a in (b', "unable to parse requirement: found '', expected: ',' or ')'"],
    ['a b', "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"],
    ['=a', "unable to parse requirement: found '=', expected: !, identifier, or 'end of string'"],
    ['a=b c', "unable to parse requirement: found 'c', expected: ',' or 'end of string'"],
  ];
  for (const [selector, message] of cases)
    t.throws(() => parseLabelSelector(selector), { message, code: 400 }, selector);
  t.throws(() => parseLabelSelector('-a=b'), { message: /key: Invalid value: "-a": name part must consist/u });
  t.throws(() => parseLabelSelector('a=b$'), {
    message: /values\[0\]\[a\]: Invalid value: "b\$": a valid label must be/u,
  });
  t.throws(() => parseLabelSelector('a>b'), { message: /values\[0\]: Invalid value: "b": for 'Gt', 'Lt' operators/u });
  t.end();
});

const word = fc.constantFrom('a', 'b', 'c');
const expression = fc.record({
  key: word,
  operator: fc.constantFrom('In', 'NotIn', 'Exists', 'DoesNotExist'),
  values: fc.uniqueArray(word, { minLength: 1, maxLength: 2 }),
});
const selectorObject: fc.Arbitrary<LabelSelector> = fc.record({
  matchLabels: fc.dictionary(word, word),
  matchExpressions: fc.array(expression, { maxLength: 3 }),
});

/** What the definition of LabelSelector says, word by word. */
function obviously(
  { matchLabels = {}, matchExpressions = [] }: LabelSelector,
  labels: Readonly<Record<string, string>>,
): boolean {
  for (const [key, value] of Object.entries(matchLabels)) if (labels[key] !== value) return false;
  for (const { key, operator, values = [] } of matchExpressions) {
    const value = labels[key];
    const isIn = value !== undefined && values.includes(value);
    if (operator === 'In' && !isIn) return false;
    if (operator === 'NotIn' && isIn) return false;
    if (operator === 'Exists' && value === undefined) return false;
    if (operator === 'DoesNotExist' && value !== undefined) return false;
  }
  return true;
}

void t.test('a selector object means what its definition says, and its text means the same', (t) => {
  fc.assert(
    fc.property(selectorObject, fc.dictionary(word, word), (selector, labels) => {
      const requirements = requirementsOf(selector);
      const wanted = obviously(selector, labels);
      const text = labelSelectorText(requirements);
      return (
        matchesLabels(requirements, labels) === wanted && matchesLabels(parseLabelSelector(text), labels) === wanted
      );
    }),
  );
  t.end();
});

void t.test('no selector selects nothing, an empty one everything', (t) => {
  t.notOk(matchesLabels(requirementsOf(undefined), { a: 'b' }));
  t.ok(matchesLabels(requirementsOf({}), undefined));
  t.end();
});

void t.test('fields select by the labels that the kind lists', (t) => {
  const pod: Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'a', namespace: 'n' },
    spec: { nodeName: 'node-1', containers: [] },
    status: { phase: 'Running' },
  };
  const selectsPod = (text: string): boolean => matchesFields(parseFieldSelector(text, pods), pods, pod);
  t.ok(selectsPod(''));
  t.ok(selectsPod('spec.nodeName=node-1,status.phase!=Succeeded,status.phase!=Failed'));
  t.ok(selectsPod('metadata.name==a,metadata.namespace=n,status.podIP='));
  t.notOk(selectsPod('metadata.name=b'));
  t.throws(() => selectsPod('spec.foo=1'), { message: 'field label not supported: spec.foo', code: 400 });
  t.throws(() => parseFieldSelector('data=1', configMaps), {
    message: '"data" is not a known field selector: only "metadata.name", "metadata.namespace"',
  });
  t.throws(() => selectsPod('metadata.name'), {
    message: "invalid selector: 'metadata.name'; can't understand 'metadata.name'",
  });
  t.ok(matchesFields(parseFieldSelector('metadata.name=a\\,b', pods), pods, { ...pod, metadata: { name: 'a,b' } }));
  t.end();
});
