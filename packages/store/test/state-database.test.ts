import { join } from 'node:path';
import t from 'tap';
import { createMemoryDatabases, openDiskDatabase } from '@flotilla/store';
import { stateDatabaseSuite } from './state-database-suite.ts';

t.test('on disk, in LevelDB alone', (t) => {
  const root = t.testdir();
  stateDatabaseSuite(t, { open: openDiskDatabase, directory: (name) => join(root, name) });
  t.end();
});

t.test('on disk, with values in files', (t) => {
  const root = t.testdir();
  stateDatabaseSuite(t, {
    open: openDiskDatabase,
    directory: (name) => join(root, name),
    paddingBytes: 100_000,
  });
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
