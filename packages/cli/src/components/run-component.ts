/**
 * The life of a component's process: start, say so, run until told to stop, end. It is told by SIGTERM, SIGINT, or the end of
 * its supervisor.
 */
import {
  type LogLevel,
  type Logger,
  createLogger,
  describeOptions,
  messageOf,
  OperatingError,
  sleep,
  systemClock,
} from '@flotilla/base';
import { tellSupervisor } from '../supervisor/child-messages.ts';
import { type ComponentName, type Started, componentSummaries } from './component.ts';
import { loadComponent } from './load-component.ts';

/** Keeps what V8 has compiled for later runs (`kept-code.ts`); there in a script of the bundle alone. */
declare const keepCode: (() => void) | undefined;

/** Without a supervisor nobody ends a component that does not close. */
const closeDeadlineMs = 5000;

/** @returns the exit code */
export async function runComponent(name: ComponentName, argv: readonly string[]): Promise<number> {
  const component = await loadComponent(name);
  if (argv.includes('--help') || argv.includes('-h')) {
    process.stdout.write(`flotilla ${name}: ${componentSummaries[name]}\n\n`);
    process.stdout.write(describeOptions(component.options, component.envPrefix));
    return 0;
  }
  const command = component.commands?.[argv[0] ?? ''];
  if (command) {
    const logger = (level: LogLevel): Logger => createLogger({ component: name, level });
    process.stdout.write(`${await command({ argv: argv.slice(1), env: process.env, logger })}\n`);
    return 0;
  }
  const told = toldToStop();
  let running: Started;
  try {
    running = await component.start({
      argv,
      env: process.env,
      logger: (level) => createLogger({ component: name, level }),
    });
  } catch (error) {
    if (!(error instanceof OperatingError)) throw error;
    process.stderr.write(`flotilla ${name}: ${error.message}\n`);
    await tellSupervisor({ type: 'failed', message: error.message });
    return 1;
  }
  const stopped = Promise.race([told, running.stopped.then(() => undefined, messageOf)]);
  const failure = await untilOver(running, { stopped, whenReady: component.whenReady });
  if (failure !== undefined) process.stderr.write(`flotilla ${name}: stopped by a failure: ${failure}\n`);
  const closed = await Promise.race([
    running.close().then(() => true),
    sleep(systemClock, closeDeadlineMs).then(() => false),
  ]);
  if (!closed) process.stderr.write(`flotilla ${name}: not closed after ${closeDeadlineMs} ms; ending anyway\n`);
  return failure === undefined && closed ? 0 : 1;
}

interface Life {
  /** Resolves when it is over, with what failed. */
  readonly stopped: Promise<string | undefined>;
  readonly whenReady: (() => void) | undefined;
}

/** Says when the component is ready; resolves when it is over, with what failed. */
async function untilOver({ ready }: Started, { stopped, whenReady }: Life): Promise<string | undefined> {
  const failedEarly = Promise.resolve(ready).then(
    () => undefined,
    (error: unknown) => messageOf(error),
  );
  const isReady = failedEarly.then((failure) => failure === undefined);
  if (await Promise.race([isReady, stopped.then(() => false)])) {
    await tellSupervisor({ type: 'ready' });
    if (typeof keepCode === 'function') keepCode();
    whenReady?.();
    return await stopped;
  }
  // Why it was never ready, it says better when it stops.
  return await Promise.race([stopped, sleep(systemClock, closeDeadlineMs).then(() => failedEarly)]);
}

/** Resolves when the process is to end. */
function toldToStop(): Promise<undefined> {
  return new Promise((resolve) => {
    const stop = (): void => resolve(undefined);
    process.on('SIGTERM', stop);
    process.on('SIGINT', stop);
    // Only a supervised process has a channel; losing it means that the supervisor is gone.
    process.once('disconnect', stop);
    // It may have been gone before anybody listened here: that is not told twice.
    if (process.send && !process.connected) stop();
  });
}
