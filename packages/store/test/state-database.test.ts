import { join } from 'node:path';
import t from 'tap';
import { createMemoryDatabases, openLevelDatabase } from '@flotilla/store';
import { stateDatabaseSuite } from './state-database-suite.ts';

t.test('LevelDB', (t) => {
  const root = t.testdir();
  stateDatabaseSuite(t, { open: openLevelDatabase, directory: (name) => join(root, name) });
  t.end();
});

t.test('the twin in memory', (t) => {
  stateDatabaseSuite(t, { open: createMemoryDatabases().open, directory: (name) => name });
  t.end();
});

t.test('the twin in memory that keeps rows alone', (t) => {
  stateDatabaseSuite(t, { open: createMemoryDatabases({ keepsBatches: false }).open, directory: (name) => name });
  t.end();
});
