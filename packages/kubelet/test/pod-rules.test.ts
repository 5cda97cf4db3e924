import t from 'tap';
import type { Container, ContainerStatus, Pod, PodSpec } from '@flotilla/api';
import {
  createRestartBackoff,
  expand,
  phaseOf,
  planPod,
  type ContainerView,
  type PodPlan,
  type PodView,
} from '@flotilla/kubelet';

const nowMs = 1_000_000;

function pod(spec: Partial<PodSpec> = {}): Pod {
  const containers: Container[] = [{ name: 'main', image: 'none' }];
  const metadata = { name: 'pod', namespace: 'default', uid: 'uid' };
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: { restartPolicy: 'Always', containers, ...spec } as PodSpec };
}

function container(name: string, more: Partial<ContainerView> = {}): ContainerView {
  return {
    id: `${name}-${more.attempt ?? 0}`,
    name,
    attempt: 0,
    sandboxId: 'sandbox',
    state: 'CONTAINER_RUNNING',
    startedAtMs: nowMs - 1000,
    finishedAtMs: nowMs,
    exitCode: 0,
    reason: '',
    message: '',
    logPath: '',
    ...more,
  };
}

const exited = (exitCode: number): Partial<ContainerView> => ({ state: 'CONTAINER_EXITED', exitCode });
const ready = [{ id: 'sandbox', attempt: 0, ready: true, address: '127.1.0.1' }];

function view(...containers: ContainerView[]): PodView {
  return { sandboxes: ready, containers };
}

function plan(of: Pod, seen: PodView, more: { started?: boolean; failure?: string } = {}): PodPlan {
  const health = { started: more.started ?? true, failure: more.failure };
  return planPod({ pod: of, view: seen, backoff: createRestartBackoff(), healthOf: () => health, nowMs });
}

const started = ({ starts }: PodPlan): string[] =>
  starts.map(({ container: { name }, attempt }) => `${name} ${attempt}`);

t.test('a new pod gets a sandbox and its containers', (t) => {
  const first = plan(pod(), { sandboxes: [], containers: [] });
  t.equal(first.newSandbox, 0);
  t.same(started(first), ['main 0']);
  t.end();
});

t.test('a running pod needs nothing', (t) => {
  const none = plan(pod(), view(container('main')));
  t.match(none, { newSandbox: undefined, starts: [], stops: [], over: false });
  t.end();
});

t.test('restart policies', (t) => {
  const cases: readonly (readonly [string, number, string])[] = [
    ['Always', 0, 'restart'],
    ['Always', 1, 'restart'],
    ['OnFailure', 0, 'over'],
    ['OnFailure', 1, 'restart'],
    ['Never', 0, 'over'],
    ['Never', 1, 'over'],
  ];
  for (const [restartPolicy, exitCode, outcome] of cases) {
    const result = plan(pod({ restartPolicy }), view(container('main', exited(exitCode))));
    t.equal(result.over ? 'over' : 'restart', outcome, `${restartPolicy} ${exitCode}`);
    t.same(started(result), outcome === 'over' ? [] : ['main 1']);
  }
  t.end();
});

t.test('init containers come one by one, and again in a new sandbox', (t) => {
  const initContainers = ['one', 'two'].map((name): Container => ({ name, image: 'none' }));
  const of = pod({ initContainers });
  t.same(started(plan(of, view())), ['one 0']);
  t.same(started(plan(of, view(container('one')))), []);
  t.same(started(plan(of, view(container('one', exited(0))))), ['two 0']);
  t.same(started(plan(of, view(container('one', exited(0)), container('two', exited(1))))), ['two 1']);
  const done = view(container('one', exited(0)), container('two', exited(0)));
  t.same(started(plan(of, done)), ['main 0']);
  const lost = { ...done, sandboxes: ready.map((one) => ({ ...one, ready: false })) };
  const again = plan(of, lost);
  t.equal(again.newSandbox, 1);
  t.same(started(again), ['one 1']);
  t.end();
});

t.test('sidecars start first, hold back until they have started, and do not keep a pod alive', (t) => {
  const initContainers: Container[] = [{ name: 'side', image: 'none', restartPolicy: 'Always' }];
  const of = pod({ initContainers, restartPolicy: 'Never' });
  t.same(started(plan(of, view())), ['side 0']);
  t.same(started(plan(of, view(container('side')), { started: false })), []);
  t.same(started(plan(of, view(container('side')))), ['main 0']);
  t.same(started(plan(of, view(container('side', exited(0)), container('main')))), ['side 1']);
  t.equal(plan(of, view(container('side'), container('main', exited(0)))).over, true);
  t.end();
});

t.test('an unhealthy container is stopped', (t) => {
  const result = plan(pod(), view(container('main')), { failure: 'Liveness' });
  t.match(result.stops, [{ view: { id: 'main-0' }, message: 'Liveness' }]);
  t.end();
});

t.test('restarts go on counting after what the API server knows', (t) => {
  const status: ContainerStatus = {
    name: 'main',
    image: 'none',
    imageID: '',
    containerID: 'process://lost',
    ready: false,
    restartCount: 4,
  };
  const of = { ...pod(), status: { containerStatuses: [status] } };
  t.same(started(plan(of, { sandboxes: [], containers: [] })), ['main 5']);
  t.end();
});

t.test('restarts wait 0, 10, 20, 40 … 300 s after the end, and anew after ten good minutes', (t) => {
  const backoff = createRestartBackoff();
  let now = 0;
  const waits: number[] = [];
  for (let i = 0; i < 8; i++) {
    const waitMs = backoff.waitMs('main', { finishedAtMs: now, nowMs: now });
    waits.push(waitMs / 1000);
    now += waitMs;
    backoff.restarted('main', now);
    now += 1000;
  }
  t.same(waits, [0, 10, 20, 40, 80, 160, 300, 300]);
  t.equal(backoff.waitMs('main', { finishedAtMs: now, nowMs: now + 299_000 }), 1000, 'counted from the end');
  t.equal(backoff.waitMs('main', { finishedAtMs: now + 601_000, nowMs: now + 601_000 }), 0);
  t.equal(backoff.waitMs('other', { finishedAtMs: now, nowMs: now }), 0);
  t.end();
});

t.test('phases', (t) => {
  const status = (state: ContainerStatus['state'], lastState: ContainerStatus['lastState'] = {}): ContainerStatus => ({
    name: 'main',
    image: '',
    imageID: '',
    ready: false,
    restartCount: 0,
    state,
    lastState,
  });
  const running = status({ running: {} });
  const waiting = status({ waiting: {} });
  const crashing = status({ waiting: { reason: 'CrashLoopBackOff' } }, { terminated: { exitCode: 1 } });
  const ended = (exitCode: number): ContainerStatus => status({ terminated: { exitCode } });
  const phase = (restartPolicy: string, main: ContainerStatus[], ending = false): string =>
    phaseOf({ pod: pod({ restartPolicy }), init: [], main, ending });
  t.equal(phase('Always', [waiting]), 'Pending');
  t.equal(phase('Always', [running, waiting]), 'Pending');
  t.equal(phase('Always', [running, ended(0)]), 'Running');
  t.equal(phase('Always', [crashing]), 'Running');
  t.equal(phase('Always', [ended(0)]), 'Running');
  t.equal(phase('OnFailure', [ended(1)]), 'Running');
  t.equal(phase('OnFailure', [ended(0)]), 'Succeeded');
  t.equal(phase('Never', [ended(0), ended(2)]), 'Failed');
  t.equal(phase('Always', [ended(143)], true), 'Failed');
  t.equal(phase('Always', [ended(0)], true), 'Succeeded');
  t.end();
});

t.test('references to variables expand as in Kubernetes', (t) => {
  const variables = new Map([
    ['A', '1'],
    ['B', '$(A)'],
  ]);
  const cases: Readonly<Record<string, string>> = {
    '$(A)': '1',
    'x$(A)$(A)y': 'x11y',
    '$$(A)': '$(A)',
    '$$$(A)': '$1',
    '$(C)': '$(C)',
    $A: '$A',
    '$(A': '$(A',
    '$(B)': '$(A)',
    '100$': '100$',
  };
  for (const [text, expected] of Object.entries(cases)) t.equal(expand(text, variables), expected, text);
  t.end();
});
