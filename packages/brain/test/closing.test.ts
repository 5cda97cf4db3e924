/** Members that can't be closed in good order: whatever fails, everything else ends, and who closes them hears of it. */
import { connect as connectSocket } from 'node:net';
import { type Brain, type BrainOptions, type Files, createSystemFiles } from '@flotilla/brain';
import { openDiskDatabase } from '@flotilla/store';
import t, { type Test } from 'tap';
import { type MemberPlan, planCluster, startMember } from './cluster.ts';

t.setTimeout(0);

/** What fails from now on, and how many files are open. */
interface Disk {
  fails: 'witness' | 'state' | 'nothing';
  open: number;
}

const errorOf = (what: string): Error => Object.assign(new Error(`EIO: ${what}`), { code: 'EIO' });

function worldOf(disk: Disk): Omit<BrainOptions, 'settings'> {
  const files: Files = createSystemFiles();
  return {
    files: {
      ...files,
      async open(path, mode) {
        const file = await files.open(path, mode);
        disk.open++;
        return {
          ...file,
          async write(writes) {
            if (disk.fails === 'witness' && path.endsWith('witness')) throw errorOf('the witness');
            await file.write(writes);
          },
          async close() {
            await file.close();
            disk.open--;
          },
        };
      },
    },
    async openDatabase(options) {
      const database = await openDiskDatabase(options);
      return {
        get: (key) => database.get(key),
        snapshot: () => database.snapshot(),
        compact: () => database.compact(),
        batch: (changes, how) => database.batch(changes, how),
        async close() {
          await database.close();
          if (disk.fails === 'state') throw errorOf('the state');
        },
      };
    },
  };
}

async function plannedMember(t: Test): Promise<MemberPlan> {
  const plan = await planCluster(1);
  t.teardown(() => plan.clean());
  const [member] = plan.members;
  if (!member) throw new Error('a cluster of one');
  return member;
}

async function serving(member: MemberPlan, disk: Disk): Promise<Brain> {
  const brain = await startMember(member, worldOf(disk));
  await brain.ready;
  return brain;
}

/** Whether somebody listens there. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectSocket({ host: '127.0.0.1', port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

for (const what of ['witness', 'state'] as const) {
  t.test(`a member whose ${what} fails as it closes leaves no port and no file open, and says so`, async (t) => {
    const member = await plannedMember(t);
    const disk: Disk = { fails: 'nothing', open: 0 };
    const brain = await serving(member, disk);
    const stopped = t.rejects(brain.stopped, { code: 'EIO', message: `EIO: the ${what}` });
    t.ok(disk.open > 0);
    disk.fails = what;
    await t.rejects(brain.close(), { code: 'EIO', message: `EIO: the ${what}` });
    await stopped;
    for (const port of [member.clientPort, member.peerPort]) t.notOk(await answers(port), `port ${port}`);
    t.equal(disk.open, 0);
    // The same ports and the same directory.
    const again = await serving(member, { fails: 'nothing', open: 0 });
    await again.close();
  });
}
