/** What every port answers over HTTP/1.1: health, version, metrics. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { type Logger, messageOf } from '@flotilla/base';
import type { Member } from '../member/member.ts';
import type { BrainMetrics, HealthMetrics } from '../metrics.ts';
import { clusterVersion, serverVersion, storageVersion } from '../version.ts';
import { debugVars } from './debug-vars.ts';
import {
  type HealthCheck,
  diskChecks,
  healthProblem,
  livenessChecks,
  readinessChecks,
  runChecks,
} from './health-checks.ts';

interface Reply {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

type Route = (url: URL) => Reply | Promise<Reply>;

export interface RoutesOptions {
  readonly member: Member;
  readonly metrics: BrainMetrics;
  readonly logger: Logger;
}

export function createRoutes({ member, metrics, logger }: RoutesOptions): RequestListener {
  const routes = new Map<string, Route>([
    ['/health', (url) => health(member, url, metrics.health)],
    ['/debug/vars', () => json(200, debugVars(member))],
    ['/version', () => json(200, { etcdserver: serverVersion, etcdcluster: clusterVersion, storage: storageVersion })],
    [
      '/metrics',
      async () => ({ status: 200, contentType: metrics.registry.contentType, body: await metrics.registry.metrics() }),
    ],
    ...checkRoutes('livez', livenessChecks(member), metrics.health),
    ...checkRoutes('readyz', readinessChecks(member), metrics.health, () => diskChecks(member)),
  ]);
  return (request, response) => {
    respond(routes, request)
      .catch((error: unknown) => {
        logger.error('an HTTP request failed', { path: request.url, err: error });
        return text(500, `${messageOf(error)}\n`);
      })
      .then((reply) => send(response, reply, { headOnly: request.method === 'HEAD' }))
      .catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined));
  };
}

async function respond(routes: ReadonlyMap<string, Route>, request: IncomingMessage): Promise<Reply> {
  // Only path and query matter; whatever host a client names.
  const url = URL.canParse(request.url ?? '/', 'http://member')
    ? new URL(request.url ?? '/', 'http://member')
    : undefined;
  const route = url && routes.get(url.pathname);
  if (!url || !route) return text(404, '404 page not found\n');
  if (request.method !== 'GET' && request.method !== 'HEAD') return text(405, 'Method Not Allowed\n');
  return await route(url);
}

function send(response: ServerResponse, reply: Reply, { headOnly }: { readonly headOnly: boolean }): void {
  const body = Buffer.from(reply.body);
  response.writeHead(reply.status, { 'content-type': reply.contentType, 'content-length': body.length });
  response.end(headOnly ? undefined : body);
}

function json(status: number, value: unknown): Reply {
  return { status, contentType: 'application/json', body: JSON.stringify(value) };
}

function text(status: number, body: string): Reply {
  return { status, contentType: 'text/plain; charset=utf-8', body };
}

async function health(member: Member, url: URL, { successes, failures }: HealthMetrics): Promise<Reply> {
  const serializable = url.searchParams.get('serializable') === 'true';
  const excludedAlarms = new Set(url.searchParams.getAll('exclude'));
  const reason = await healthProblem(member, { serializable, excludedAlarms });
  (reason === '' ? successes : failures).add(1);
  return json(reason === '' ? 200 : 503, { health: reason === '' ? 'true' : 'false', reason });
}

/** All checks of a type under its path, and each under its own name below it. @param more what is checked besides at times */
function checkRoutes(
  type: string,
  checks: readonly HealthCheck[],
  metrics: HealthMetrics,
  more: () => readonly HealthCheck[] = () => [],
): readonly (readonly [string, Route])[] {
  const path = `/${type}`;
  const onResult = (name: string, isHealthy: boolean): void => {
    metrics.lastResult.set({ type, name }, isHealthy ? 1 : 0);
    metrics.results.inc({ type, name, status: isHealthy ? 'success' : 'error' });
  };
  const route =
    (chosen: () => readonly HealthCheck[]): Route =>
    async (url) => {
      const excluded = new Set(url.searchParams.getAll('exclude'));
      const verbose = url.searchParams.has('verbose');
      const { healthy, report } = await runChecks(
        chosen().filter(({ name }) => !excluded.has(name)),
        onResult,
      );
      if (healthy) return text(200, verbose ? `${report}ok\n` : 'ok\n');
      return text(503, report);
    };
  return [
    [path, route(() => [...checks, ...more()])],
    ...checks.map((check) => [`${path}/${check.name}`, route(() => [check])] as const),
  ];
}
