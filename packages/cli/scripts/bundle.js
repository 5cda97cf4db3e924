/**
 * Bundles the compiled command into packages/cli/dist/bundle: a process loads a few files instead of hundreds, which takes a
 * third of the time, and a cluster on a laptop is fifteen processes. Each component is a chunk of its own; the threads that write
 * the files of a brain and hash passwords are entries of their own, found by name beside the chunks. So is what others import from the
 * package: `flotilla/brain`.
 */
import { renameSync, rmSync } from 'node:fs';
import { createRequire, isBuiltin } from 'node:module';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const builtins = createRequire(import.meta.url);
const outdir = `${root}packages/cli/dist/bundle`;

/** Parts of Node that a process may never need, and that take time and memory: `tls` alone reads some 150 root certificates. */
const seldomNeeded = new Set([
  'child_process',
  'cluster',
  'dgram',
  'dns',
  'http2',
  'https',
  'readline',
  'tls',
  'worker_threads',
]);

/**
 * To import one of Node's modules reads each of its exports, also those that first load other parts of Node: `http` its fetch and WebSocket
 * client, `fs` its streams. To require it does not. What is required is behind getters, which the others are spared.
 */
const required = new Set(['fs', 'http']);

const builtinsOnDemand = {
  name: 'builtins-on-demand',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /./, namespace: 'file' }, ({ path, kind }) => {
      const name = path.replace(/^node:/, '');
      if (!isBuiltin(path)) return undefined;
      if (seldomNeeded.has(name)) return { path: name, namespace: 'late' };
      return required.has(name) && kind !== 'require-call' ? { path: name, namespace: 'builtin' } : undefined;
    });
    onLoad({ filter: /./, namespace: 'builtin' }, ({ path }) => ({
      contents: `module.exports = require('node:${path}');`,
    }));
    onLoad({ filter: /./, namespace: 'late' }, ({ path }) => ({ contents: lateModule(path) }));
  },
};

/** Has the exports of a part of Node as getters. */
function lateModule(name) {
  return `
    let loaded;
    for (const name of ${JSON.stringify(Object.keys(builtins(name)))})
      Object.defineProperty(exports, name, { enumerable: true, get: () => (loaded ??= require('node:${name}'))[name] });`;
}

/** LevelDB's binary is found from beside the file that loads it, which stays where it is. */
const levelBinding = {
  name: 'level-binding',
  setup({ onResolve, onLoad }) {
    const path = 'classic-level/binding.js';
    onResolve({ filter: /^classic-level[/]binding[.]js$/ }, () => ({ path, external: true }));
    onLoad({ filter: /[\\/]classic-level[\\/]binding[.]js$/ }, () => ({
      contents: `module.exports = require('${path}');`,
    }));
  },
};

rmSync(`${outdir}.new`, { recursive: true, force: true });
await build({
  absWorkingDir: root,
  entryPoints: {
    main: 'packages/cli/dist/main.js',
    brain: 'packages/brain/dist/embedded/start-brain.js',
    'file-thread': 'packages/brain/dist/log/file-thread.js',
    'bcrypt-thread': 'packages/brain/dist/auth/bcrypt-thread.js',
  },
  outdir: `${outdir}.new`,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  plugins: [builtinsOnDemand, levelBinding],
  // Must be loaded in an order that a bundle does not keep.
  external: ['@peculiar/x509', 'reflect-metadata'],
  // msgpackr's native part is for strings; what members send each other is numbers and bytes.
  define: { 'process.env.MSGPACKR_NATIVE_ACCELERATION_DISABLED': '"true"' },
  banner: {
    js: "import{createRequire as bundleRequire}from'node:module';const require=bundleRequire(import.meta.url);",
  },
  minifyWhitespace: true,
  minifySyntax: true,
  logLevel: 'warning',
});
rmSync(outdir, { recursive: true, force: true });
renameSync(`${outdir}.new`, outdir);
