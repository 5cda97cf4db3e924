/** The gap in acknowledged writes when the leader goes, as `failover.ts` takes it: three members each, in turns. */
import { type Subject, strikeInTurns } from '../failover.ts';
import { startMembers } from '../members.ts';
import { withScope } from '#e2e/scope.js';
import type { SideName, StoreBenchmark, StoreRow } from './row.ts';
import { sideNames } from './sides.ts';

const of = 'three members';
/** Elections are a matter of chance: twice as many as of the loads. */
const strikesPerRun = 2;

export const benchmark: StoreBenchmark = {
  run: ({ runs, say, commands }) =>
    withScope(async (scope) => {
      const subjects: Subject[] = [];
      for (const side of sideNames) subjects.push({ side, of, store: await startMembers(scope, commands[side]) });
      const rows = await strikeInTurns(subjects, { runs: runs * strikesPerRun, say });
      const samplesOf = (name: string, side: SideName): readonly number[] =>
        rows.find((row) => row.name === name && row.side === side)?.samples ?? [];
      const names = [...new Set(rows.map(({ name }) => name))];
      return names.map((name): StoreRow => ({
        name: name.slice(of.length + 2),
        unit: 'ms',
        samples: { flotilla: samplesOf(name, 'flotilla'), etcd: samplesOf(name, 'etcd') },
      }));
    }),
};
