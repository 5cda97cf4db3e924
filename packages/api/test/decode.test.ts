import { decodeBody, deployments, pods, configMaps, secrets, leases, nodes, type FieldValidation } from '@flotilla/api';
import t from 'tap';

function problems(body: string, mode: FieldValidation = 'Warn'): readonly string[] {
  return decodeBody(deployments, body, mode).strictProblems;
}

void t.test('an unknown field is dropped, and refused in strict mode with its path', (t) => {
  const body = JSON.stringify({
    spec: { replicaz: 3, template: { spec: { containers: [{ name: 'a', imagee: 'b' }] } } },
  });
  const found = ['unknown field "spec.replicaz"', 'unknown field "spec.template.spec.containers[0].imagee"'];
  t.same(problems(body), found);
  t.same(problems(body, 'Ignore'), []);
  t.notOk('replicaz' in decodeBody(deployments, body, 'Warn').object.spec);
  t.throws(() => problems(body, 'Strict'), {
    message: `Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: ${found.join(', ')}`,
    code: 400,
    reason: 'BadRequest',
  });
  t.end();
});

void t.test('a field that stands twice is refused in strict mode', (t) => {
  t.same(problems('{"spec":{"replicas":1,"paused":true,"replicas":2}}'), ['duplicate field "spec.replicas"']);
  t.same(problems('{"metadata":{"labels":{"a":"1","b":"{\\"a\\":[","a":"2"}}}'), [
    'duplicate field "metadata.labels.a"',
  ]);
  const list = '{"spec":{"template":{"spec":{"containers":[{"name":"a"},{"name":"b","name":"c"}]}}}}';
  t.same(problems(list), ['duplicate field "spec.template.spec.containers[1].name"']);
  t.end();
});

void t.test('a wrong type is refused as the decoder of Kubernetes words it', (t) => {
  const start = 'Deployment in version "v1" cannot be handled as a Deployment: ';
  const cases: readonly (readonly [string, string])[] = [
    [
      '{"spec":{"replicas":"3"}}',
      'json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32',
    ],
    [
      '{"spec":{"replicas":1.5}}',
      'json: cannot unmarshal number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32',
    ],
    [
      '{"spec":{"replicas":3000000000}}',
      'json: cannot unmarshal number 3000000000 into Go struct field DeploymentSpec.spec.replicas of type int32',
    ],
    ['{"spec":[]}', 'json: cannot unmarshal array into Go struct field Deployment.spec of type v1.DeploymentSpec'],
    [
      '{"metadata":{"labels":{"a":true}}}',
      'json: cannot unmarshal bool into Go struct field ObjectMeta.metadata.labels.a of type string',
    ],
    [
      '{"spec":{"template":{"spec":{"containers":{}}}}}',
      'json: cannot unmarshal object into Go struct field PodSpec.spec.template.spec.containers of type []v1.Container',
    ],
    ['[]', 'json: cannot unmarshal array into Go value of type v1.Deployment'],
  ];
  for (const [body, text] of cases) t.throws(() => problems(body), { message: start + text, code: 400 }, body);
  t.throws(() => problems('{'), { message: /cannot be handled as a Deployment: json parse error/u, code: 400 });
  t.end();
});

void t.test('a body of another type is refused', (t) => {
  t.throws(() => problems('{"kind":"Pod"}'), {
    message: 'the kind in the data (Pod) does not match the expected kind (Deployment)',
  });
  t.throws(() => problems('{"apiVersion":"apps/v1beta1"}'), {
    message: 'the API version in the data (apps/v1beta1) does not match the expected API version (apps/v1)',
  });
  t.match(decodeBody(deployments, '{}', 'Strict').object, { apiVersion: 'apps/v1', kind: 'Deployment' });
  t.end();
});

void t.test('null and empty optional lists count as absent, required fields get their zero value', (t) => {
  const { object } = decodeBody(
    pods,
    '{"metadata":{"name":"a","labels":{},"finalizers":[],"creationTimestamp":null},"spec":{"containers":[{"ports":[{}]}],"volumes":null}}',
    'Strict',
  );
  t.strictSame(object.metadata, { name: 'a' });
  t.strictSame(object.spec, { containers: [{ name: '', ports: [{ containerPort: 0 }] }] });
  t.strictSame(decodeBody(pods, '{}', 'Strict').object, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: '' },
    spec: { containers: [] },
  });
  t.end();
});

void t.test('quantities and times are kept in canonical text', (t) => {
  const body = {
    metadata: { creationTimestamp: '2026-01-02T03:04:05.9+02:00' },
    status: { capacity: { cpu: 2, memory: '1024Mi' } },
  };
  const { metadata, status } = decodeBody(nodes, JSON.stringify(body), 'Strict').object;
  t.equal(metadata.creationTimestamp, '2026-01-02T01:04:05Z');
  t.strictSame(status?.capacity, { cpu: '2', memory: '1Gi' });
  const lease = decodeBody(leases, '{"spec":{"renewTime":"2026-01-02T03:04:05.123456789Z"}}', 'Strict').object;
  t.equal(lease.spec?.renewTime, '2026-01-02T03:04:05.123456Z');
  t.throws(() => decodeBody(leases, '{"spec":{"renewTime":"now"}}', 'Strict'), { message: /parsing time "now"/u });
  t.throws(() => decodeBody(nodes, '{"status":{"capacity":{"cpu":"x"}}}', 'Strict'), {
    message: /quantities must match/u,
  });
  t.end();
});

void t.test('bytes must be base64', (t) => {
  t.strictSame(decodeBody(secrets, '{"data":{"a":"aGk="}}', 'Strict').object.data, { a: 'aGk=' });
  t.throws(() => decodeBody(secrets, '{"data":{"a":"hi!"}}', 'Strict'), {
    message: /illegal base64 data at input byte 2/u,
  });
  t.end();
});

void t.test('a key named like a member of every object is only a key', (t) => {
  const { object, strictProblems } = decodeBody(
    configMaps,
    '{"data":{"__proto__":"a","constructor":"b"},"toString":1}',
    'Warn',
  );
  t.strictSame(Object.keys(object.data ?? {}), ['__proto__', 'constructor']);
  t.strictSame(strictProblems, ['unknown field "toString"']);
  t.end();
});

void t.test('what is nested without end is refused, not followed', (t) => {
  const deep = (depth: number): string => `{"metadata":{"annotations":${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}}}`;
  t.throws(() => decodeBody(pods, deep(500_000), 'Strict'), {
    message: /json parse error: exceeded max depth/u,
    code: 400,
  });
  t.throws(() => decodeBody(pods, deep(900), 'Strict'), { message: /cannot unmarshal object/u, code: 400 });
  t.same(decodeBody(pods, JSON.stringify({ metadata: { name: '["\\'.repeat(2000) } }), 'Strict').strictProblems, []);
  t.end();
});
