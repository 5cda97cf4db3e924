/**
 * A child for the supervisor's tests. Its first argument says how it behaves:
 * `ready` says so and runs until told; `fail` reports a reason and ends; `stubborn` is ready and ignores SIGTERM;
 * `crash` is ready, then ends by itself with code 3 when it gets SIGUSR2.
 */
const behaviour = process.argv[2];
const keepRunning = setInterval(() => undefined, 1000);

if (behaviour === 'fail') {
  process.send?.({ type: 'failed', message: 'port 7 is in use' }, undefined, {}, () => process.exit(1));
} else {
  if (behaviour === 'stubborn') process.on('SIGTERM', () => undefined);
  else process.on('SIGTERM', () => process.exit(0));
  process.on('SIGUSR2', () => process.exit(3));
  process.once('disconnect', () => {
    clearInterval(keepRunning);
    process.exit(0);
  });
  process.stdout.write('started\n');
  process.send?.({ type: 'ready' });
}
