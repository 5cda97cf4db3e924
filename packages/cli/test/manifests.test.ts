import { parseManifests } from '@flotilla/cli';
import t from 'tap';

void t.test('documents and lists become objects, in order', (t) => {
  const source = `
apiVersion: v1
kind: Service
metadata: { name: web, namespace: shop }
---
# nothing here
---
apiVersion: v1
kind: List
items:
  - { apiVersion: v1, kind: ConfigMap, metadata: { name: a } }
  - { apiVersion: apps/v1, kind: Deployment, metadata: { name: b } }
`;
  t.match(parseManifests(source, 'm.yaml'), [
    { apiVersion: 'v1', kind: 'Service', name: 'web', namespace: 'shop' },
    { kind: 'ConfigMap', name: 'a', namespace: undefined },
    { apiVersion: 'apps/v1', kind: 'Deployment', name: 'b' },
  ]);
  t.match(parseManifests('{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "j"}}', 'm.json'), [{ name: 'j' }]);
  t.end();
});

void t.test('everything that is wrong is said at once', (t) => {
  const source = 'kind: Pod\n---\napiVersion: v1\nkind: Pod\n---\njust text\n---\na: [1\n';
  t.throws(() => parseManifests(source, 'm.yaml'), {
    code: 'MANIFEST_INVALID',
    message: /no apiVersion or no kind[^]*a Pod has no metadata\.name[^]*is not an object[^]*m\.yaml: /,
  });
  t.throws(() => parseManifests('# empty\n', 'm.yaml'), { code: 'MANIFEST_INVALID', message: /holds no objects/ });
  t.end();
});
