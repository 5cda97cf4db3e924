import fc from 'fast-check';
import t from 'tap';
import { NodeTable } from '@flotilla/scheduler';
import { node, pod } from './objects.ts';

t.test('a pod counts once, moves with its node and leaves nothing behind', (t) => {
  const table = new NodeTable();
  table.putNode(node('a'));
  table.putNode(node('b'));
  table.putPod('default/p', pod('p', { cpu: '1' }), 'a');
  table.putPod('default/p', pod('p', { cpu: '2' }), 'b');
  t.equal(table.placeOf('default/p'), 'b');
  const cpu = table.resource('cpu');
  t.same([cpu?.requested[0], cpu?.requested[1]], [0, 2000]);
  t.equal(table.removePod('default/p'), true);
  t.equal(table.removePod('default/p'), false);
  t.same([cpu?.requested[0], cpu?.requested[1]], [0, 0]);
  t.end();
});

t.test('a pod may be seen before its node, and its node may go first', (t) => {
  const table = new NodeTable();
  table.putPod('default/p', pod('p', { cpu: '1' }), 'late');
  t.equal(table.nodeCount, 0);
  t.equal(table.rowOf('late'), undefined);
  table.putNode(node('late'));
  const row = table.rowOf('late') ?? -1;
  t.equal(table.resource('cpu')?.requested[row], 1000);
  table.removeNode('late');
  t.same([...table.rows()], []);
  table.removePod('default/p');
  table.putNode(node('other', { cpu: '1' }));
  t.same([...table.rows()], [row], 'the row is used again');
  t.equal(table.resource('cpu')?.requested[row], 0);
  t.end();
});

type Change =
  | { readonly op: 'putNode' | 'removeNode'; readonly node: number }
  | { readonly op: 'putPod'; readonly node: number; readonly pod: number; readonly cpu: number }
  | { readonly op: 'removePod'; readonly pod: number };

interface Counted {
  readonly table: NodeTable;
  readonly nodes: Set<string>;
  readonly places: Map<string, { readonly node: string; readonly cpu: number }>;
}

/** Makes one change in the table and in the plain model beside it. */
function apply(change: Change, { table, nodes, places }: Counted): void {
  switch (change.op) {
    case 'putNode':
      table.putNode(node(`n${change.node}`));
      nodes.add(`n${change.node}`);
      break;
    case 'removeNode':
      table.removeNode(`n${change.node}`);
      nodes.delete(`n${change.node}`);
      break;
    case 'putPod':
      table.putPod(`default/p${change.pod}`, pod(`p${change.pod}`, { cpu: `${change.cpu}m` }), `n${change.node}`);
      places.set(`default/p${change.pod}`, { node: `n${change.node}`, cpu: change.cpu });
      break;
    case 'removePod':
      table.removePod(`default/p${change.pod}`);
      places.delete(`default/p${change.pod}`);
      break;
  }
}

t.test('after any sequence of changes the columns equal a recount', (t) => {
  const change: fc.Arbitrary<Change> = fc.oneof(
    fc.record({ op: fc.constant('putNode' as const), node: fc.nat(99) }),
    fc.record({ op: fc.constant('removeNode' as const), node: fc.nat(99) }),
    fc.record({ op: fc.constant('putPod' as const), node: fc.nat(99), pod: fc.nat(40), cpu: fc.nat(500) }),
    fc.record({ op: fc.constant('removePod' as const), pod: fc.nat(40) }),
  );
  fc.assert(
    fc.property(fc.array(change, { maxLength: 200 }), (changes) => {
      const table = new NodeTable();
      const nodes = new Set<string>();
      const places = new Map<string, { node: string; cpu: number }>();
      for (const one of changes) {
        apply(one, { table, nodes, places });
      }
      t.equal(table.nodeCount, nodes.size);
      for (const name of nodes) {
        const row = table.rowOf(name) ?? -1;
        const here = [...places.values()].filter((place) => place.node === name);
        const cpu = here.reduce((sum, place) => sum + place.cpu, 0);
        if (table.podCount(row) !== here.length) throw new Error(`${name} counts ${table.podCount(row)} pods`);
        if ((table.resource('cpu')?.requested[row] ?? 0) !== cpu) throw new Error(`${name} counts another sum of cpu`);
      }
    }),
  );
  t.end();
});
