import { type ClusterView, renderChanges, renderView } from '@flotilla/cli';
import t from 'tap';

const pod = { name: 'web-1', namespace: 'default', status: 'Running', ready: true, node: 'n1', address: '127.1.0.1' };

const view: ClusterView = {
  members: [
    { endpoint: '127.0.0.1:1', status: 'leader', term: 2, revision: 10 },
    { endpoint: '127.0.0.1:2', status: 'follower', term: 2, revision: 10 },
  ],
  leaders: new Map([['kube-scheduler', 'scheduler-1']]),
  nodes: [{ name: 'n1', ready: true }],
  pods: [pod],
  apiAnswers: true,
};

void t.test('a view is a few tables', (t) => {
  const processes = [{ name: 'brain-1', component: 'brain', pid: 7, state: 'ready', restarts: 1 }];
  t.equal(
    renderView(view, { processes, maxPods: 5 }),
    `MEMBER        STATE      TERM   REVISION
127.0.0.1:1   leader     2      10
127.0.0.1:2   follower   2      10

PROCESS   STATE   PID   RESTARTS
brain-1   ready   7     1

ELECTION         LEADER
kube-scheduler   scheduler-1

NODE   STATE
n1     Ready

POD             STATUS    READY   NODE   ADDRESS
default/web-1   Running   yes     n1     127.1.0.1`,
  );
  const crowded = { ...view, pods: Array.from({ length: 7 }, (_, i) => ({ ...pod, name: `web-${i}` })) };
  t.match(renderView(crowded, { processes: [], maxPods: 5 }), /web-4[^]*… and 2 more$/);
  t.match(renderView({ ...view, apiAnswers: false }, { processes: [], maxPods: 5 }), /no API server answers/);
  t.end();
});

void t.test('between two views only what changed is said', (t) => {
  t.same(renderChanges(view, view), []);
  const after: ClusterView = {
    ...view,
    members: [
      { endpoint: '127.0.0.1:1', status: 'down', term: 0, revision: 0 },
      { endpoint: '127.0.0.1:2', status: 'leader', term: 3, revision: 11 },
    ],
    leaders: new Map([['kube-scheduler', 'scheduler-2']]),
    nodes: [{ name: 'n1', ready: false }],
    pods: [{ ...pod, name: 'web-2', status: 'Pending', ready: false, node: '' }],
  };
  t.same(renderChanges(view, after), [
    'member 127.0.0.1:1 is down',
    'member 127.0.0.1:2 is leader of term 3',
    'kube-scheduler is led by scheduler-2',
    'node n1 is not ready',
    'pod default/web-2: Pending',
    'pod default/web-1 is gone',
  ]);
  const away = { ...view, apiAnswers: false, leaders: new Map<string, string>(), nodes: [], pods: [] };
  t.same(renderChanges(view, away), ['no API server answers'], 'what cannot be seen is not called gone');
  t.end();
});
