/**
 * What `flotilla` runs. A component's process is a script of its own, beside this one, run with what V8 compiled of it earlier; all else,
 * which serves people, is loaded as modules are.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runScript } from './kept-code.ts';

const word = process.argv[2] ?? '';
const script = fileURLToPath(new URL(`./${word}-process.cjs`, import.meta.url));

if (/^[a-z]+$/.test(word) && existsSync(script)) runScript(script);
else void import('./main.js');
