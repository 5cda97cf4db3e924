/** The variables of a container: `envFrom` first, then `env`, each seeing those before it in `$(NAME)`. */
import type { Container, EnvVar, Pod } from '@flotilla/api';
import { OperatingError } from '@flotilla/base';
import type { ConfigObjectKind, ConfigObjectName, ConfigValues } from './config-objects.ts';
import { fieldValue, resourceValue, type PodPlace } from './downward.ts';
import { expand } from './expand.ts';

export interface EnvironmentSources {
  readonly pod: Pod;
  readonly place: PodPlace;
  read(name: ConfigObjectName): Promise<ConfigValues | undefined>;
}

/** In the order of definition. @throws OperatingError `CONTAINER_CONFIG` */
export async function containerEnvironment(
  container: Container,
  sources: EnvironmentSources,
): Promise<ReadonlyMap<string, string>> {
  const variables = new Map<string, string>();
  const namespace = sources.pod.metadata.namespace ?? 'default';
  for (const { configMapRef, secretRef, prefix = '' } of container.envFrom ?? []) {
    const kind: ConfigObjectKind = configMapRef ? 'configmap' : 'secret';
    const { name = '', optional = false } = configMapRef ?? secretRef ?? {};
    const values = await sources.read({ kind, namespace, name, optional });
    for (const [key, value] of values ?? []) variables.set(prefix + key, value.toString());
  }
  for (const variable of container.env ?? []) {
    const value = variable.valueFrom
      ? await valueFrom(variable, { container, sources })
      : expand(variable.value ?? '', variables);
    if (value !== undefined) variables.set(variable.name, value);
  }
  return variables;
}

interface Asking {
  readonly container: Container;
  readonly sources: EnvironmentSources;
}

/** Undefined when an optional source is absent: the variable is then not set. */
async function valueFrom(
  { name, valueFrom: from }: EnvVar,
  { container, sources }: Asking,
): Promise<string | undefined> {
  const { pod, place } = sources;
  if (from?.fieldRef) return fieldValue(pod, from.fieldRef.fieldPath, place);
  if (from?.resourceFieldRef) {
    const { resource, containerName, divisor = '0' } = from.resourceFieldRef;
    const named = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].find(
      (one) => one.name === containerName,
    );
    return resourceValue(named ?? container, resource, { divisor: String(divisor), place });
  }
  const ref = from?.configMapKeyRef ?? from?.secretKeyRef;
  if (!ref) throw new OperatingError('CONTAINER_CONFIG', `the source of the variable ${name} is not supported`);
  const kind: ConfigObjectKind = from?.configMapKeyRef ? 'configmap' : 'secret';
  const namespace = pod.metadata.namespace ?? 'default';
  const { name: objectName = '', key, optional = false } = ref;
  const value = (await sources.read({ kind, namespace, name: objectName, optional }))?.get(key);
  if (value !== undefined) return value.toString();
  if (optional) return undefined;
  const kindName = kind === 'configmap' ? 'ConfigMap' : 'Secret';
  throw new OperatingError('CONTAINER_CONFIG', `couldn't find key ${key} in ${kindName} ${namespace}/${objectName}`);
}
