/** `/healthz`, `/livez`, `/readyz`: `ok`, a list with `?verbose`, or one check by its own path. */
import { messageOf } from '@flotilla/base';
import { type Answer, type Exchange, textAnswer } from '../http/exchange.ts';

/** A check throws what is wrong. */
export type HealthCheck = (signal: AbortSignal) => Promise<void> | void;

export interface Health {
  /** Undefined for a path that is not about health. */
  answer(exchange: Exchange): Promise<Answer> | undefined;
}

interface Result {
  readonly name: string;
  readonly problem: string | undefined;
}

/** A store that takes longer than this is not ready, milliseconds. */
const checkMs = 2_000;

/** @param readiness what must hold beside being alive, by name. */
export function createHealth(readiness: Readonly<Record<string, HealthCheck>>): Health {
  const alive: Readonly<Record<string, HealthCheck>> = { ping: () => undefined };
  const checksOf: Readonly<Record<string, Readonly<Record<string, HealthCheck>>>> = {
    '/healthz': { ...alive, ...readiness },
    '/livez': alive,
    '/readyz': { ...alive, ...readiness },
  };

  return {
    answer({ url, signal }) {
      const [, root = '', name] = /^(\/[^/]+)(?:\/([^/]+))?\/?$/.exec(url.pathname) ?? [];
      const checks = checksOf[root];
      if (!checks) return undefined;
      const asked = name === undefined ? checks : pick(checks, name);
      if (!asked) return undefined;
      const verbose = url.searchParams.has('verbose');
      return run(asked, signal).then((results) => answerOf(root.slice(1), results, verbose));
    },
  };
}

function pick(
  checks: Readonly<Record<string, HealthCheck>>,
  name: string,
): Readonly<Record<string, HealthCheck>> | undefined {
  const check = checks[name];
  return check && { [name]: check };
}

function run(checks: Readonly<Record<string, HealthCheck>>, signal: AbortSignal): Promise<Result[]> {
  const limited = AbortSignal.any([signal, AbortSignal.timeout(checkMs)]);
  return Promise.all(
    Object.entries(checks).map(async ([name, check]) => {
      try {
        await check(limited);
        return { name, problem: undefined };
      } catch (error) {
        return { name, problem: messageOf(error) };
      }
    }),
  );
}

function answerOf(what: string, results: readonly Result[], verbose: boolean): Answer {
  const failed = results.filter(({ problem }) => problem !== undefined);
  if (failed.length === 0 && !verbose) return textAnswer(200, 'ok');
  const lines = results.map(({ name, problem }) =>
    problem === undefined ? `[+]${name} ok` : `[-]${name} failed: ${problem}`,
  );
  const verdict = failed.length === 0 ? 'passed' : 'failed';
  return textAnswer(failed.length === 0 ? 200 : 500, `${[...lines, `${what} check ${verdict}`].join('\n')}\n`);
}
