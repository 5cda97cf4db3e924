import { ApiError, configMaps, patchObject, type ConfigMap, type FieldValidation } from '@flotilla/api';
import t from 'tap';

const current: ConfigMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: { x: '1', y: '2' } };

function patch(contentType: string, body: unknown, fieldValidation: FieldValidation = 'Strict'): ConfigMap {
  return patchObject({ type: configMaps, current, contentType, body: JSON.stringify(body), fieldValidation }).object;
}

void t.test('a JSON patch is applied in order, or not at all', (t) => {
  const type = 'application/json-patch+json';
  const operations = [
    { op: 'test', path: '/data/x', value: '1' },
    { op: 'replace', path: '/data/x', value: '3' },
    { op: 'remove', path: '/data/y' },
    { op: 'add', path: '/data/a~1b', value: '4' },
  ];
  t.same(patch(type, operations).data, { x: '3', 'a/b': '4' });
  t.same(current.data, { x: '1', y: '2' });
  t.throws(() => patch(type, [{ op: 'test', path: '/data/x', value: '9' }]), { code: 422, reason: 'Invalid' });
  t.throws(() => patch(type, [{ op: 'remove', path: '/data/zzz' }]), { code: 422 });
  t.throws(() => patch(type, [{ op: 'melt', path: '/data' }]), { code: 400 });
  t.throws(() => patch(type, {}), { code: 400 });
  t.throws(() => patch(type, [{ op: 'replace', path: '', value: [] }]), { code: 422 });
  t.end();
});

void t.test('a JSON patch has at most 10,000 operations', (t) => {
  const operations = (count: number): unknown =>
    Array.from({ length: count }, () => ({ op: 'test', path: '/data/x', value: '1' }));
  t.same(patch('application/json-patch+json', operations(10_000)).data, current.data);
  t.throws(() => patch('application/json-patch+json', operations(10_001)), {
    message: 'The allowed maximum operations in a JSON patch is 10000, got 10001',
    code: 413,
  });
  t.end();
});

void t.test('the content type says how to patch', (t) => {
  for (const type of ['application/merge-patch+json', 'application/strategic-merge-patch+json; charset=utf-8']) {
    t.same(patch(type, { data: { x: null, z: '5' } }).data, { y: '2', z: '5' }, type);
  }
  t.throws(() => patch('application/json', {}), { code: 415, reason: 'UnsupportedMediaType' });
  t.throws(() => patch('application/apply-patch+yaml', {}), { code: 415 });
  t.end();
});

void t.test('what a patch breaks is told as a field named patch', (t) => {
  const type = 'application/merge-patch+json';
  t.throws(() => patch(type, { dat: {} }), {
    message: /^ "" is invalid: patch: Invalid value: .*strict decoding error: unknown field "dat"$/u,
    code: 422,
  });
  t.throws(() => patch(type, { data: 1 }, 'Ignore'), {
    message: /cannot unmarshal number into Go struct field ConfigMap\.data/u,
    code: 422,
  });
  t.same(patch(type, { dat: {} }, 'Ignore').data, current.data);
  t.throws(() => patch(type, 1), ApiError);
  t.end();
});
