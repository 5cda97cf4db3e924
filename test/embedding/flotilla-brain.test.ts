/** `flotilla/brain` of the packed package: what a program that installs it can do with it. */
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { installPackage, repository } from './installed-package.ts';

t.setTimeout(0);

const run = promisify(execFile);

t.test('the packed package', async (t) => {
  const { directory, remove } = await installPackage(['etcd3', '@types/node']);
  t.teardown(remove);
  const runProgram = async (text: string): Promise<string> => {
    const file = join(directory, 'program.mjs');
    await writeFile(file, text);
    return (await run(process.execPath, [file], { cwd: directory })).stdout;
  };

  await t.test("the README's example does what it says, and its process ends by itself", async (t) => {
    const readme = await readFile(join(repository, 'README.md'), 'utf8');
    const [, example] = /```js\n([\s\S]*?)```/.exec(readme) ?? [];
    t.match(example, /flotilla\/brain/);
    const asserted = example?.replace('console.assert', 'assert') ?? '';
    await t.resolves(runProgram(`import assert from 'node:assert';\n${asserted}`));
  });

  await t.test('a brain on a directory is there again in the next process', async (t) => {
    const program = (act: string): string => `
      import { Etcd3 } from 'etcd3';
      import { startBrain } from 'flotilla/brain';
      const brain = await startBrain({ dataDir: './data' });
      const client = new Etcd3({ hosts: brain.endpoints.map((endpoint) => 'http://' + endpoint) });
      ${act}
      client.close();
      await brain.close();
    `;
    await runProgram(program(`await client.put('a').value('1');`));
    t.equal(await runProgram(program(`process.stdout.write(await client.get('a').string());`)), '1');
  });

  await t.test('its types are whole', async (t) => {
    await writeFile(
      join(directory, 'program.ts'),
      `import { type Brain, type BrainMember, startBrain } from 'flotilla/brain';
       const brain: Brain = await startBrain({ members: 3, dataDir: '/nowhere', flags: { 'max-txn-ops': 5 } });
       const leader: BrainMember | undefined = brain.members.find((member) => member.leads);
       const endpoints: readonly string[] = brain.endpoints;
       // @ts-expect-error: no such option
       await startBrain({ member: 3 });
       await Promise.all([leader?.close(), brain.close(), brain[Symbol.asyncDispose](), endpoints]);
      `,
    );
    const compilerOptions = {
      target: 'es2022',
      module: 'nodenext',
      strict: true,
      noEmit: true,
      skipLibCheck: false,
      types: ['node'],
    };
    await writeFile(join(directory, 'package.json'), '{ "type": "module" }');
    await writeFile(join(directory, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['program.ts'] }));
    const tsc = join(repository, 'node_modules', '.bin', 'tsc');
    const found = await run(tsc, ['-p', directory]).catch((error: { readonly stdout: string }) => error);
    t.equal(found.stdout, '');
  });
});
