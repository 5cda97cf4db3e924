import { readdirSync } from 'node:fs';
import t from 'tap';
import { Environment } from './harness/environment.ts';
import { replayFile } from './harness/transcript.ts';

const folder = new URL('../test/transcripts/', import.meta.url);

// REWRITE=1 records what is observed. Commit only differences that you can explain.
for (const file of readdirSync(folder).filter((name) => name.endsWith('.txt'))) {
  await t.test(`the transcript ${file} is observed to the letter`, (t) => {
    const environment = new Environment();
    const { recorded, observed } = replayFile(new URL(file, folder).pathname, (command) => environment.run(command));
    t.equal(observed, recorded);
    t.end();
  });
}
