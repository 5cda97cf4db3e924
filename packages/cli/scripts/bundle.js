/**
 * Bundles the compiled command into packages/cli/dist/bundle: a process loads one file instead of hundreds, which takes a
 * fraction of the time, and a cluster on a laptop is fifteen processes. What serves people is split into chunks. The threads that write the files
 * of a brain and hash passwords are entries of their own, found by name beside the others. So is what others import from the package:
 * `flotilla/brain`.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire, isBuiltin } from 'node:module';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const loaded = createRequire(import.meta.url);
const outdir = `${root}packages/cli/dist/bundle`;

/** What a process may never need, and that takes time and memory: `tls` alone reads some 150 root certificates. */
const seldomNeeded = new Set([
  '@opentelemetry/api',
  'child_process',
  'cluster',
  'dgram',
  'dns',
  'http2',
  'https',
  'readline',
  'tls',
  'worker_threads',
  'ws',
]);

/**
 * To import one of Node's modules reads each of its exports, also those that first load other parts of Node: `http` its fetch and WebSocket
 * client, `fs` its streams, `crypto` that of browsers. To require it does not. What is required is behind getters, which the others are
 * spared.
 */
const required = new Set(['crypto', 'fs', 'http']);

const onDemand = {
  name: 'on-demand',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /./, namespace: 'file' }, ({ path, kind, resolveDir }) => {
      const name = path.replace(/^node:/, '');
      if (seldomNeeded.has(name)) return { path, namespace: 'late', pluginData: resolveDir };
      const isRequired = isBuiltin(path) && required.has(name) && kind !== 'require-call';
      return isRequired ? { path: name, namespace: 'builtin' } : undefined;
    });
    onLoad({ filter: /./, namespace: 'builtin' }, ({ path }) => ({
      contents: `module.exports = require('node:${path}');`,
    }));
    onLoad({ filter: /./, namespace: 'late' }, ({ path, pluginData }) => ({
      contents: lateModule(path),
      resolveDir: pluginData,
    }));
    // Its index loads all of it, some of which asks Node for more.
    onLoad({ filter: /[\\/]prom-client[\\/]index[.]js$/ }, ({ path }) => {
      const part = /^exports[.](\w+) =\s+(require\([^)]+\)[.\w]*);/gm;
      const getter = "Object.defineProperty(exports, '$1', { enumerable: true, get: () => $2 });";
      return { contents: readFileSync(path, 'utf8').replace(part, getter) };
    });
  },
};

/** Has the exports of a module as getters. */
function lateModule(name) {
  const exported = Object.keys(loaded(name));
  return `
    let loaded;
    for (const name of ${JSON.stringify(exported)})
      Object.defineProperty(exports, name, { enumerable: true, get: () => (loaded ??= require('${name}'))[name] });`;
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

/** Puts a digest of all that follows into the first line. */
const signed = {
  name: 'signed',
  setup({ initialOptions, onEnd }) {
    initialOptions.write = false;
    onEnd(({ outputFiles }) => {
      for (const { path, contents } of outputFiles) {
        const digest = createHash('sha256').update(contents).digest('hex').slice(0, 40);
        writeFileSync(path, Buffer.concat([Buffer.from(`//${digest}\n`), contents]));
      }
    });
  },
};

const options = {
  absWorkingDir: root,
  outdir: `${outdir}.new`,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
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
};
const plugins = [onDemand, levelBinding];
const main = 'packages/cli/dist/main.js';

rmSync(`${outdir}.new`, { recursive: true, force: true });
mkdirSync(`${outdir}.new`);
const whole = {
  ...options,
  entryPoints: {
    main,
    brain: 'packages/brain/dist/embedded/start-brain.js',
    'file-thread': 'packages/brain/dist/log/file-thread.js',
    'bcrypt-thread': 'packages/brain/dist/auth/bcrypt-thread.js',
  },
  splitting: true,
  plugins,
};
const loader = readFileSync(`${root}packages/cli/dist/components/load-component.js`, 'utf8');
const components = [...loader.matchAll(/import\('[.]\/(\w+)[.]js'\)\)[.](\w+)/g)];
const bundleUrl = "const bundleUrl=require('node:url').pathToFileURL(__filename).href;";
const script = {
  ...options,
  format: 'cjs',
  outExtension: { '.js': '.cjs' },
  define: { ...options.define, 'import.meta.url': 'bundleUrl' },
  banner: { js: `"use strict";${bundleUrl}` },
};
const start = { ...script, entryPoints: { start: 'packages/cli/dist/start.js' }, external: ['./main.js'] };
const processes = components.map(([, name, exported]) => ({
  ...script,
  // A script that was run with kept code can't import on Node 20: it requires instead.
  supported: { 'dynamic-import': false },
  entryPoints: { [`${name}-process`]: main },
  // One function, as `kept-code.ts` calls it.
  banner: { js: `(function(require,__filename,keepCode){${script.banner.js}` },
  footer: { js: '})' },
  plugins: [onlyComponent(name, exported), signed, ...plugins],
}));
await Promise.all([whole, start, ...processes].map((one) => build(one)));
rmSync(outdir, { recursive: true, force: true });
renameSync(`${outdir}.new`, outdir);

/** Leaves one component of the command, and nothing of what serves people. */
function onlyComponent(name, exported) {
  return {
    name: 'only-component',
    setup({ onResolve, onLoad }) {
      onLoad({ filter: /[\\/]load-component[.]js$/ }, () => ({
        contents: `import { ${exported} } from './${name}.js'; export const loadComponent = async () => ${exported};`,
        resolveDir: `${root}packages/cli/dist/components`,
      }));
      onLoad({ filter: /[\\/]run-program[.]js$/ }, () => ({ contents: 'export const runProgram = undefined;' }));
    },
  };
}
