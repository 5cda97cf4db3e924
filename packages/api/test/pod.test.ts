import { decodeObject, fieldErrorText, pods, qosClassOf, type Pod } from '@flotilla/api';
import t from 'tap';

type Json = Readonly<Record<string, unknown>>;

const plain: Json = { containers: [{ name: 'a', image: 'node' }] };

function made(spec: Json = plain, metadata: Json = {}): Pod {
  const { object } = decodeObject(pods, { metadata: { name: 'p', namespace: 'default', ...metadata }, spec });
  return pods.strategy.prepareForCreate(pods.defaults(object));
}

function problems(spec: Json, metadata: Json = {}): readonly string[] {
  return pods.validate(made(spec, metadata)).map(fieldErrorText);
}

function withContainer(container: Json, spec: Json = {}): readonly string[] {
  return problems({ containers: [{ name: 'a', image: 'node', ...container }], ...spec });
}

void t.test('a pod gets what Kubernetes fills in', (t) => {
  const probe = { httpGet: { port: 80 }, periodSeconds: 0, timeoutSeconds: 5 };
  const container = {
    name: 'a',
    image: 'node:22',
    ports: [{ containerPort: 80 }],
    livenessProbe: probe,
    resources: { limits: { cpu: '1' } },
    env: [{ name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } }],
  };
  const volumes = [
    { name: 'v' },
    { name: 'c', configMap: { name: 'x' } },
    { name: 's', secret: { secretName: 'x', defaultMode: 256 } },
  ];
  const pod = made({ containers: [container], serviceAccountName: 'me', volumes });
  t.same(pod.status, { phase: 'Pending', qosClass: 'Burstable' });
  t.equal(pod.metadata.generation, 1);
  t.same(pod.spec, {
    restartPolicy: 'Always',
    dnsPolicy: 'ClusterFirst',
    terminationGracePeriodSeconds: 30,
    schedulerName: 'default-scheduler',
    securityContext: {},
    enableServiceLinks: true,
    serviceAccount: 'me',
    serviceAccountName: 'me',
    volumes: [
      { name: 'v', emptyDir: {} },
      { name: 'c', configMap: { name: 'x', defaultMode: 420 } },
      { name: 's', secret: { secretName: 'x', defaultMode: 256 } },
    ],
    containers: [
      {
        ...container,
        imagePullPolicy: 'IfNotPresent',
        terminationMessagePath: '/dev/termination-log',
        terminationMessagePolicy: 'File',
        ports: [{ containerPort: 80, protocol: 'TCP' }],
        resources: { limits: { cpu: '1' }, requests: { cpu: '1' } },
        env: [{ name: 'IP', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'status.podIP' } } }],
        livenessProbe: {
          httpGet: { port: 80, path: '/', scheme: 'HTTP' },
          timeoutSeconds: 5,
          periodSeconds: 10,
          successThreshold: 1,
          failureThreshold: 3,
        },
      },
    ],
  });
  t.same(problems({ containers: [container], volumes }), []);
  t.end();
});

void t.test('the pull policy follows from the tag', (t) => {
  const policy = (image: string): string | undefined =>
    made({ containers: [{ name: 'a', image }] }).spec.containers[0]?.imagePullPolicy;
  for (const image of ['node', 'node:latest', 'host:5000/node']) t.equal(policy(image), 'Always', image);
  for (const image of ['node:22', 'host:5000/node:22', 'node@sha256:abc', 'node:latest@sha256:abc'])
    t.equal(policy(image), 'IfNotPresent', image);
  t.end();
});

void t.test('defaults change nothing when applied again', (t) => {
  const pod = made();
  t.same(pods.defaults(pod), pod);
  t.end();
});

void t.test('the name of a pod is a subdomain, and there must be one', (t) => {
  t.same(problems(plain, { name: '' }), ['metadata.name: Required value: name or generateName is required']);
  t.match(problems(plain, { name: 'Web_1' }), [
    /^metadata\.name: Invalid value: "Web_1": a lowercase RFC 1123 subdomain must consist of/u,
  ]);
  t.match(problems(plain, { name: 'a'.repeat(254) }), [/must be no more than 253 characters$/u]);
  t.match(problems(plain, { labels: { 'a/b/c': 'x', k: '-' } }), [
    /^metadata\.labels: Invalid value: "a\/b\/c": a qualified name must consist of/u,
    /^metadata\.labels: Invalid value: "-": a valid label must be an empty string or consist of/u,
  ]);
  t.same(problems(plain, { namespace: '' }), ['metadata.namespace: Required value']);
  t.end();
});

void t.test('containers need a name and an image', (t) => {
  t.same(problems({ containers: [] }), ['spec.containers: Required value']);
  t.same(problems({ containers: [{}] }), [
    'spec.containers[0].name: Required value',
    'spec.containers[0].image: Required value',
  ]);
  t.same(
    problems({
      containers: [
        { name: 'a', image: 'x' },
        { name: 'a', image: ' x' },
      ],
    }),
    [
      'spec.containers[1].image: Invalid value: " x": must not have leading or trailing whitespace',
      'spec.containers[1].name: Duplicate value: "a"',
    ],
  );
  t.match(withContainer({ name: 'A' }), [
    /spec\.containers\[0\]\.name: Invalid value: "A": a lowercase RFC 1123 label must consist/u,
  ]);
  t.same(withContainer({ imagePullPolicy: 'Never?' }), [
    'spec.containers[0].imagePullPolicy: Unsupported value: "Never?": supported values: "Always", "IfNotPresent", "Never"',
  ]);
  t.end();
});

void t.test('ports, variables, mounts and probes are checked', (t) => {
  const at = 'spec.containers[0]';
  t.same(
    withContainer({
      ports: [
        { containerPort: 0 },
        { containerPort: 70000, protocol: 'ICMP' },
        { containerPort: 1, name: 'toolongportname1' },
      ],
    }),
    [
      `${at}.ports[0].containerPort: Required value`,
      `${at}.ports[1].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive`,
      `${at}.ports[1].protocol: Unsupported value: "ICMP": supported values: "SCTP", "TCP", "UDP"`,
      `${at}.ports[2].name: Invalid value: "toolongportname1": must be no more than 15 characters`,
    ],
  );
  t.same(withContainer({ ports: [{ containerPort: 80, hostPort: 81 }] }, { hostNetwork: true }), [
    `${at}.ports[0].containerPort: Invalid value: 80: must match \`hostPort\` when \`hostNetwork\` is true`,
  ]);
  t.match(
    withContainer({
      env: [{}, { name: '1' }, { name: 'A', value: 'x', valueFrom: { fieldRef: { fieldPath: 'spec.foo' } } }],
    }),
    [
      `${at}.env[0].name: Required value`,
      /env\[1\]\.name: Invalid value: "1": a valid environment variable name must consist/u,
      `${at}.env[2].valueFrom.fieldRef.fieldPath: Invalid value: "spec.foo": error converting fieldPath: field label not supported: spec.foo`,
      `${at}.env[2].valueFrom: Invalid value: "": may not be specified when \`value\` is not empty`,
    ],
  );
  t.same(
    withContainer(
      {
        volumeMounts: [
          { name: 'v', mountPath: '/x' },
          { name: 'w', mountPath: '/x', subPath: '../y' },
        ],
      },
      { volumes: [{ name: 'v' }] },
    ),
    [
      `${at}.volumeMounts[1].name: Not found: "w"`,
      `${at}.volumeMounts[1].subPath: Invalid value: "../y": must not contain '..'`,
      `${at}.volumeMounts[1].mountPath: Invalid value: "/x": must be unique`,
    ],
  );
  t.same(
    withContainer({
      livenessProbe: {},
      readinessProbe: { tcpSocket: { port: 0 }, exec: { command: ['x'] }, timeoutSeconds: -1 },
    }),
    [
      `${at}.livenessProbe: Required value: must specify a handler type`,
      `${at}.readinessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type`,
      `${at}.readinessProbe.tcpSocket.port: Invalid value: 0: must be between 1 and 65535, inclusive`,
      `${at}.readinessProbe.timeoutSeconds: Invalid value: -1: must be greater than or equal to 0`,
    ],
  );
  t.same(withContainer({ startupProbe: { exec: { command: ['x'] }, successThreshold: 2 } }), [
    `${at}.startupProbe.successThreshold: Invalid value: 2: must be 1`,
  ]);
  t.end();
});

void t.test('a request above its limit is refused', (t) => {
  const at = 'spec.containers[0].resources';
  t.same(
    withContainer({
      resources: { limits: { cpu: '500m', memory: '-1' }, requests: { cpu: '1', foo: '1', 'x.org/gpu': '1.5' } },
    }),
    [
      `${at}.limits[memory]: Invalid value: "-1": must be greater than or equal to 0`,
      `${at}.requests[memory]: Invalid value: "-1": must be greater than or equal to 0`,
      `${at}.requests[foo]: Invalid value: "foo": must be a standard resource type or fully qualified`,
      `${at}.requests[foo]: Invalid value: "foo": must be a standard resource for containers`,
      `${at}.requests[x.org/gpu]: Invalid value: "1500m": must be an integer`,
      `${at}.requests: Invalid value: "1": must be less than or equal to cpu limit of 500m`,
    ],
  );
  t.end();
});

void t.test('init containers are probed only as sidecars', (t) => {
  const startupProbe = { exec: { command: ['x'] } };
  const init = (more: Json): readonly string[] =>
    problems({ ...plain, initContainers: [{ name: 'i', image: 'x', startupProbe, ...more }] });
  t.same(init({}), [
    'spec.initContainers[0].startupProbe: Forbidden: may not be set for init containers without restartPolicy=Always',
  ]);
  t.same(init({ restartPolicy: 'Always' }), []);
  t.same(withContainer({ restartPolicy: 'Always' }), [
    'spec.containers[0].restartPolicy: Forbidden: may not be set for non-init containers',
  ]);
  t.end();
});

void t.test('tolerations, affinity and spreading are checked', (t) => {
  const term = {
    matchExpressions: [
      { key: 'a', operator: 'In' },
      { key: 'b', operator: 'Near' },
    ],
    matchFields: [{ key: 'x', operator: 'In', values: ['y'] }],
  };
  const spec = {
    ...plain,
    tolerations: [
      { operator: 'Equal' },
      { key: 'a', operator: 'Exists', effect: 'Never' },
      { key: 'a', tolerationSeconds: 1 },
    ],
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [term] },
        preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 101, preference: {} }],
      },
      podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{}] },
    },
    topologySpreadConstraints: [{ maxSkew: 0, topologyKey: 'zone', whenUnsatisfiable: 'Maybe' }],
  };
  const node = 'spec.affinity.nodeAffinity';
  const terms = `${node}.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0]`;
  t.same(problems(spec), [
    'spec.tolerations[0].operator: Invalid value: "Equal": operator must be Exists when `key` is empty, which means "match all values and all keys"',
    'spec.tolerations[1].effect: Unsupported value: "Never": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
    'spec.tolerations[2].effect: Invalid value: "": effect must be \'NoExecute\' when `tolerationSeconds` is set',
    `${terms}.matchExpressions[0].values: Required value: must be specified when \`operator\` is 'In' or 'NotIn'`,
    `${terms}.matchExpressions[1].operator: Invalid value: "Near": not a valid selector operator`,
    `${terms}.matchFields[0].key: Invalid value: "x": not a valid field selector key`,
    `${node}.preferredDuringSchedulingIgnoredDuringExecution[0].weight: Invalid value: 101: must be in the range 1-100`,
    'spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Required value: can not be empty',
    'spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than 0',
    'spec.topologySpreadConstraints[0].whenUnsatisfiable: Unsupported value: "Maybe": supported values: "DoNotSchedule", "ScheduleAnyway"',
  ]);
  t.end();
});

function updated(change: (pod: Pod) => Pod, old: Pod = stored()): Pod {
  return pods.strategy.prepareForUpdate(change(old), old);
}

function stored(): Pod {
  const pod = made();
  return { ...pod, metadata: { ...pod.metadata, uid: 'u', resourceVersion: '1' } };
}

function updateProblems(change: (pod: Pod) => Pod, old: Pod = stored()): readonly string[] {
  return pods.validateUpdate(updated(change, old), old).map(fieldErrorText);
}

void t.test('of a pod that exists, only image, deadline and tolerations may change', (t) => {
  const setImage = (image: string) => (pod: Pod) => ({
    ...pod,
    spec: { ...pod.spec, containers: pod.spec.containers.map((one) => ({ ...one, image })) },
  });
  t.same(updateProblems(setImage('node:23')), []);
  t.equal(updated(setImage('node:23')).metadata.generation, 2);
  t.equal(updated((pod) => ({ ...pod, metadata: { ...pod.metadata, labels: { a: 'b' } } })).metadata.generation, 1);
  t.same(
    updateProblems((pod) => ({ ...pod, spec: { ...pod.spec, tolerations: [{ key: 'a', operator: 'Exists' }] } })),
    [],
  );
  t.match(
    updateProblems((pod) => ({ ...pod, spec: { ...pod.spec, hostname: 'x' } })),
    [/^spec: Forbidden: pod updates may not change fields other than/u],
  );
  t.same(
    updateProblems((pod) => ({ ...pod, spec: { ...pod.spec, containers: [] } })),
    ['spec.containers: Forbidden: pod updates may not add or remove containers'],
  );
  t.same(
    updateProblems((pod) => ({ ...pod, metadata: { ...pod.metadata, name: 'q', uid: 'v' } })),
    ['metadata.name: Invalid value: "q": field is immutable', 'metadata.uid: Invalid value: "v": field is immutable'],
  );
  t.end();
});

void t.test('an update leaves the status, a status write leaves the rest', (t) => {
  const old = stored();
  t.same(updated((pod) => ({ ...pod, status: { phase: 'Running' } })).status, old.status);
  const change = {
    ...old,
    metadata: { ...old.metadata, labels: { a: 'b' }, ownerReferences: [] },
    spec: { containers: [] },
    status: { phase: 'Running' },
  };
  const written = pods.strategy.prepareForStatusUpdate(change, old);
  t.same(written.spec, old.spec);
  t.same(written.status, { phase: 'Running', qosClass: 'BestEffort' });
  t.same(written.metadata.labels, { a: 'b' });
  t.equal(written.metadata.ownerReferences, undefined);
  t.end();
});

void t.test('a finalizer can not be added to what is being deleted', (t) => {
  const old = stored();
  const dying = {
    ...old,
    metadata: { ...old.metadata, deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['a/b'] },
  };
  const add = (pod: Pod): Pod => ({ ...pod, metadata: { ...pod.metadata, finalizers: ['a/b', 'c/d'] } });
  t.same(updateProblems(add, dying), [
    'metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"c/d"}',
  ]);
  t.end();
});

void t.test('a pod that runs gets its grace, others go at once', (t) => {
  const { gracePeriodSeconds } = pods.strategy;
  const pod = made();
  const bound = { ...pod, spec: { ...pod.spec, nodeName: 'n' } };
  t.equal(gracePeriodSeconds(pod, undefined), 0);
  t.equal(gracePeriodSeconds(bound, undefined), 30);
  t.equal(gracePeriodSeconds(bound, 5), 5);
  t.equal(gracePeriodSeconds(bound, -1), 1);
  t.equal(gracePeriodSeconds({ ...bound, status: { phase: 'Failed' } }, 5), 0);
  t.end();
});

void t.test('the class of service follows from requests and limits', (t) => {
  const qos = (...resources: readonly Json[]): string =>
    qosClassOf(
      made({ containers: resources.map((one, index) => ({ name: `c${index}`, image: 'x', resources: one })) }).spec,
    );
  t.equal(qos({}), 'BestEffort');
  t.equal(qos({ requests: { cpu: '1' } }), 'Burstable');
  t.equal(qos({ limits: { cpu: '1', memory: '1Gi' } }), 'Guaranteed');
  t.equal(qos({ limits: { cpu: '1', memory: '1Gi' } }, {}), 'Burstable');
  t.equal(qos({ limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '500m' } }), 'Burstable');
  t.end();
});
