#!/usr/bin/env node
import module from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// From Node 22 on, compiled code is kept between runs. It holds the functions that its first run has used: so each subcommand has its own,
// and a run that only prints its help keeps none.
const [command = '', ...rest] = process.argv.slice(2);
if (/^[a-z]+$/.test(command) && !rest.includes('--help') && !rest.includes('-h')) {
  module.enableCompileCache?.(join(tmpdir(), 'node-compile-cache', `flotilla-${command}`));
}
await import('../dist/bundle/main.js');
