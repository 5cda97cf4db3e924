/** A member as a process of its own, for tests; the real command is the cli's. */
import { createLogger, messageOf } from '@flotilla/base';
import { type Brain, parseBrainSettings, startBrain } from '@flotilla/brain';
import { mirroredFiles } from './mirrored-files.ts';

const mirror = process.env['BRAIN_MIRROR'];
const segmentBytes = Number(process.env['BRAIN_SEGMENT_BYTES'] ?? 0);
const syncs = process.env['BRAIN_MIRROR_SYNCS'] !== 'no';

async function main(): Promise<void> {
  const settings = parseBrainSettings({ argv: process.argv.slice(2), env: {} });
  const logger = createLogger({ component: 'brain', level: 'info' });
  const files = mirror === undefined ? {} : { files: mirroredFiles({ from: settings.dataDir, to: mirror, syncs }) };
  const size = segmentBytes > 0 ? { segmentBytes } : {};
  const brain: Brain = await startBrain({ settings, logger, ...files, ...size });
  process.once('SIGTERM', () => void brain.close());
  await brain.stopped;
}

// Whoever started this process is gone.
process.once('disconnect', () => process.exit(1));
process.channel?.unref();

main().catch((error: unknown) => {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = 1;
});
