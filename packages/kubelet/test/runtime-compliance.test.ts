import t from 'tap';
import { runtimeCompliance } from '@flotilla/kubelet';
import { openBench } from './runtime-bench.ts';

runtimeCompliance({
  register: (sentence, run) => void t.test(`the process runtime: ${sentence}`, run),
  open() {
    const bench = openBench();
    return Promise.resolve({ runtime: bench.runtime, logDirectory: bench.logDirectory, close: () => bench.close() });
  },
  shell: (program) => ['/bin/sh', '-c', program],
});
