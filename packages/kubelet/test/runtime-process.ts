/** A runtime in a process of its own, for tests that kill it: starts three containers and says their ids. */
import { join } from 'node:path';
import { silentLogger, systemClock } from '@flotilla/base';
import { openProcessRuntime } from '@flotilla/kubelet';
import { containerConfig, podCidrOfTest, sandboxConfig } from './runtime-bench.ts';

const directory = process.argv[2] ?? '';
const runtime = openProcessRuntime({
  directory: join(directory, 'runtime'),
  podCidr: podCidrOfTest(),
  hostAddress: '127.0.0.1',
  clock: systemClock,
  logger: silentLogger,
});
const { pod_sandbox_id: pod } = await runtime.runPodSandbox({
  config: sandboxConfig({ logDirectory: join(directory, 'logs') }),
});
const ids: Record<string, string> = {};
for (const name of ['runs', 'ends', 'unrecorded']) {
  const config = containerConfig(['/bin/sh', '-c', 'while :; do echo tick; sleep 0.05; done'], {
    metadata: { name, attempt: 0 },
    log_path: `${name}/0.log`,
  });
  const { container_id: id } = await runtime.createContainer({ pod_sandbox_id: pod, config });
  await runtime.startContainer({ container_id: id });
  ids[name] = id;
}
process.stdout.write(JSON.stringify(ids));
// Containers are no handles of ours: without one the process would end in good order.
setInterval(() => undefined, 1 << 30);
