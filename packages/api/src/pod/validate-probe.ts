/** Validation of probes and lifecycle hooks. */
import { forbidden, invalid, missing, type FieldError } from '../field-error.ts';
import { each, nonNegative, notEmpty, optionalOneOf, portReference } from '../validation/checks.ts';
import { invalidAll } from '../validation/metadata.ts';
import { httpHeaderProblems } from '../validation/names.ts';
import type { Container } from './container.ts';
import type { HTTPGetAction, LifecycleHandler, Probe } from './probe.ts';

type Handler = Pick<Probe, 'exec' | 'httpGet' | 'tcpSocket' | 'grpc'> & Pick<LifecycleHandler, 'sleep'>;

function validateHttpGet({ path = '', port, scheme, httpHeaders }: HTTPGetAction, at: string): readonly FieldError[] {
  return [
    ...notEmpty(`${at}.path`, path),
    ...portReference(`${at}.port`, port),
    ...optionalOneOf(`${at}.scheme`, scheme, ['HTTP', 'HTTPS']),
    ...each(httpHeaders, `${at}.httpHeaders`, ({ name }, itemPath) =>
      invalidAll(`${itemPath}.name`, name, httpHeaderProblems(name)),
    ),
  ];
}

/** The order in which a second handler is noticed. */
const handlerKeys = ['exec', 'httpGet', 'tcpSocket', 'grpc', 'sleep'] as const;

function validateHandler(handler: Handler, path: string): readonly FieldError[] {
  const { exec, httpGet, tcpSocket, grpc, sleep } = handler;
  const given = handlerKeys.filter((key) => handler[key] !== undefined);
  return [
    ...(given.length === 0 ? [missing(path, 'must specify a handler type')] : []),
    ...given.slice(1).map((key) => forbidden(`${path}.${key}`, 'may not specify more than 1 handler type')),
    ...(exec && (exec.command ?? []).length === 0 ? [missing(`${path}.exec.command`)] : []),
    ...(httpGet ? validateHttpGet(httpGet, `${path}.httpGet`) : []),
    ...(tcpSocket ? portReference(`${path}.tcpSocket.port`, tcpSocket.port) : []),
    ...(grpc ? portReference(`${path}.grpc.port`, grpc.port) : []),
    ...(sleep && sleep.seconds < 0
      ? [invalid(`${path}.sleep`, sleep.seconds, 'must be greater than 0 and less than terminationGracePeriodSeconds')]
      : []),
  ];
}

function validateProbe(probe: Probe | undefined, path: string): readonly FieldError[] {
  if (probe === undefined) return [];
  const counts = [
    'initialDelaySeconds',
    'timeoutSeconds',
    'periodSeconds',
    'successThreshold',
    'failureThreshold',
  ] as const;
  const { terminationGracePeriodSeconds: grace } = probe;
  return [
    ...validateHandler(probe, path),
    ...counts.flatMap((key) => nonNegative(`${path}.${key}`, probe[key])),
    ...(grace !== undefined && grace <= 0
      ? [invalid(`${path}.terminationGracePeriodSeconds`, grace, 'must be greater than 0')]
      : []),
  ];
}

function succeedsOnce(probe: Probe | undefined, path: string): readonly FieldError[] {
  if (probe?.successThreshold === undefined || probe.successThreshold === 1) return [];
  return [invalid(`${path}.successThreshold`, probe.successThreshold, 'must be 1')];
}

type Probed = Pick<Container, 'livenessProbe' | 'readinessProbe' | 'startupProbe' | 'lifecycle'>;

export function validateProbes(
  { livenessProbe, readinessProbe, startupProbe, lifecycle }: Probed,
  path: string,
): readonly FieldError[] {
  const grace = readinessProbe?.terminationGracePeriodSeconds;
  return [
    ...(lifecycle?.postStart ? validateHandler(lifecycle.postStart, `${path}.lifecycle.postStart`) : []),
    ...(lifecycle?.preStop ? validateHandler(lifecycle.preStop, `${path}.lifecycle.preStop`) : []),
    ...validateProbe(livenessProbe, `${path}.livenessProbe`),
    ...succeedsOnce(livenessProbe, `${path}.livenessProbe`),
    ...validateProbe(readinessProbe, `${path}.readinessProbe`),
    ...(grace === undefined
      ? []
      : [
          invalid(`${path}.readinessProbe.terminationGracePeriodSeconds`, grace, 'must not be set for readinessProbes'),
        ]),
    ...validateProbe(startupProbe, `${path}.startupProbe`),
    ...succeedsOnce(startupProbe, `${path}.startupProbe`),
  ];
}
