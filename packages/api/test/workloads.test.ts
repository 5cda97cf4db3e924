import { decodeObject, deployments, fieldErrorText, replicaSets, type Deployment } from '@flotilla/api';
import t from 'tap';

type Json = Readonly<Record<string, unknown>>;

const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'a', image: 'node' }] } };
const plain = { selector: { matchLabels: { app: 'web' } }, template };

function made(spec: Json): Deployment {
  const { object } = decodeObject(deployments, {
    metadata: { name: 'web', namespace: 'default', resourceVersion: '1' },
    spec,
  });
  return deployments.strategy.prepareForCreate(deployments.defaults(object));
}

function problems(spec: Json): readonly string[] {
  return deployments.validate(made({ ...plain, ...spec })).map(fieldErrorText);
}

void t.test('a deployment gets what Kubernetes fills in', (t) => {
  const { spec, metadata } = made(plain);
  t.match(spec, {
    replicas: 1,
    revisionHistoryLimit: 10,
    progressDeadlineSeconds: 600,
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
    template: { spec: { restartPolicy: 'Always', schedulerName: 'default-scheduler' } },
  });
  t.notOk('enableServiceLinks' in spec.template.spec, 'what only pods get is not in templates');
  t.equal(metadata.generation, 1);
  t.same(made({ ...plain, replicas: 0 }).spec.replicas, 0);
  t.same(made({ ...plain, strategy: { type: 'Recreate' } }).spec.strategy, { type: 'Recreate' });
  t.same(problems({}), []);
  t.end();
});

void t.test('the selector must be there and match the template', (t) => {
  t.same(problems({ selector: null }), ['spec.selector: Required value']);
  t.same(problems({ selector: {} }), ['spec.selector: Invalid value: {}: empty selector is invalid for deployment']);
  t.same(problems({ selector: { matchLabels: { app: 'db' } } }), [
    'spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`',
  ]);
  t.same(problems({ selector: { matchExpressions: [{ key: 'app', operator: 'In' }] } }).slice(0, 1), [
    "spec.selector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
  ]);
  t.end();
});

void t.test('the template is checked under its own path', (t) => {
  const bad = {
    metadata: { labels: { app: 'web', 'a b': 'c' } },
    spec: { containers: [{ name: 'a' }], restartPolicy: 'Never', activeDeadlineSeconds: 5 },
  };
  t.match(problems({ template: bad }), [
    /^spec\.template\.labels: Invalid value: "a b": name part must consist of/u,
    'spec.template.spec.containers[0].image: Required value',
    'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
    'spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in ReplicaSet is not Supported',
  ]);
  t.end();
});

void t.test('counts and the strategy are checked', (t) => {
  const rolling = (rollingUpdate: Json): readonly string[] =>
    problems({ strategy: { type: 'RollingUpdate', rollingUpdate } });
  const at = 'spec.strategy.rollingUpdate';
  t.same(problems({ replicas: -1, minReadySeconds: 700 }), [
    'spec.replicas: Invalid value: -1: must be greater than or equal to 0',
    'spec.progressDeadlineSeconds: Invalid value: 600: must be greater than minReadySeconds',
  ]);
  t.same(rolling({ maxSurge: 0, maxUnavailable: '0%' }), [
    `${at}.maxUnavailable: Invalid value: "0%": may not be 0 when \`maxSurge\` is 0`,
  ]);
  t.same(rolling({ maxUnavailable: '101%' }), [
    `${at}.maxUnavailable: Invalid value: "101%": must not be greater than 100%`,
  ]);
  t.match(rolling({ maxSurge: 'many' }), [
    /maxSurge: Invalid value: "many": a valid percent string must be a numeric string/u,
  ]);
  t.same(problems({ strategy: { type: 'Recreate', rollingUpdate: {} } }), [
    `${at}: Forbidden: may not be specified when strategy \`type\` is 'Recreate'`,
  ]);
  t.same(problems({ strategy: { type: 'Swap' } }), [
    'spec.strategy.type: Unsupported value: "Swap": supported values: "Recreate", "RollingUpdate"',
  ]);
  t.end();
});

void t.test('the selector never changes; spec and annotations raise the generation', (t) => {
  const old = made(plain);
  const update = (change: Partial<Deployment>): Deployment =>
    deployments.strategy.prepareForUpdate({ ...old, ...change }, old);
  const moved = update({ spec: { ...old.spec, selector: { matchLabels: { app: 'web', x: 'y' } } } });
  t.ok(
    deployments
      .validateUpdate(moved, old)
      .map(fieldErrorText)
      .some((text) => /^spec\.selector: Invalid value: .*: field is immutable$/u.test(text)),
  );
  t.equal(update({ spec: { ...old.spec, replicas: 5 } }).metadata.generation, 2);
  t.equal(update({ metadata: { ...old.metadata, annotations: { a: 'b' } } }).metadata.generation, 2);
  t.equal(update({ metadata: { ...old.metadata, labels: { a: 'b' } } }).metadata.generation, 1);
  t.equal(update({ metadata: { ...old.metadata, generation: 77 } }).metadata.generation, 1, 'clients do not set it');
  t.end();
});

void t.test('a status counts no more pods ready than there are', (t) => {
  const old = made(plain);
  const written = deployments.strategy.prepareForStatusUpdate(
    { ...old, status: { replicas: 1, readyReplicas: 2, availableReplicas: 3 } },
    old,
  );
  t.same(deployments.validateStatusUpdate(written, old).map(fieldErrorText), [
    'status.readyReplicas: Invalid value: 2: cannot be greater than status.replicas',
    'status.availableReplicas: Invalid value: 3: cannot be greater than status.replicas',
    'status.availableReplicas: Invalid value: 3: cannot be greater than readyReplicas',
  ]);
  t.end();
});

void t.test('a replica set follows the same rules', (t) => {
  const { object } = decodeObject(replicaSets, { metadata: { name: 'web', namespace: 'default' }, spec: { template } });
  const created = replicaSets.strategy.prepareForCreate(replicaSets.defaults(object));
  t.match(created, { metadata: { generation: 1 }, spec: { replicas: 1 }, status: { replicas: 0 } });
  t.same(replicaSets.validate(created).map(fieldErrorText), ['spec.selector: Required value']);
  t.end();
});
