/** Validation of pod specs and templates, with the paths and texts of Kubernetes (`pkg/apis/core/validation`). */
import { invalid, notSupported, type FieldError } from '../field-error.ts';
import { each, nonNegative, oneOf, optionalOneOf, within } from '../validation/checks.ts';
import { invalidAll, validateAnnotations, validateLabels } from '../validation/metadata.ts';
import { dnsLabelProblems, dnsSubdomainProblems } from '../validation/names.ts';
import { isIP } from 'node:net';
import type { PodSpec, PodTemplateSpec } from './pod-spec.ts';
import { validateContainers } from './validate-container.ts';
import { validateScheduling } from './validate-scheduling.ts';
import { validateVolumes } from './validate-volumes.ts';

const dnsPolicies = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'];
const int32Max = 2 ** 31 - 1;

function optionalName(
  field: string,
  value: string | undefined,
  rule: (value: string) => readonly string[],
): readonly FieldError[] {
  return value === undefined || value === '' ? [] : invalidAll(field, value, rule(value));
}

function validateNames(spec: PodSpec, path: string): readonly FieldError[] {
  return [
    ...optionalName(`${path}.serviceAccountName`, spec.serviceAccountName, dnsSubdomainProblems),
    ...optionalName(`${path}.nodeName`, spec.nodeName, dnsSubdomainProblems),
    ...optionalName(`${path}.hostname`, spec.hostname, dnsLabelProblems),
    ...optionalName(`${path}.subdomain`, spec.subdomain, dnsLabelProblems),
    ...optionalName(`${path}.priorityClassName`, spec.priorityClassName, dnsSubdomainProblems),
    ...optionalName(`${path}.runtimeClassName`, spec.runtimeClassName, dnsSubdomainProblems),
  ];
}

function validateNetworking({ hostAliases, dnsConfig, dnsPolicy }: PodSpec, path: string): readonly FieldError[] {
  const needsServers = dnsPolicy === 'None' && (dnsConfig?.nameservers ?? []).length === 0;
  return [
    ...oneOf(`${path}.dnsPolicy`, dnsPolicy, dnsPolicies),
    ...each(hostAliases, `${path}.hostAliases`, ({ ip, hostnames }, at) => [
      ...ipErrors(`${at}.ip`, ip),
      ...each(hostnames, `${at}.hostnames`, (name, nameAt) => invalidAll(nameAt, name, dnsSubdomainProblems(name))),
    ]),
    ...each(dnsConfig?.nameservers, `${path}.dnsConfig.nameservers`, (server, at) => ipErrors(at, server)),
    ...(needsServers
      ? [
          invalid(
            `${path}.dnsConfig.nameservers`,
            dnsConfig?.nameservers ?? [],
            'must provide at least one DNS nameserver when `dnsPolicy` is None',
          ),
        ]
      : []),
  ];
}

export function ipErrors(field: string, ip: string): readonly FieldError[] {
  return isIP(ip) === 0 ? [invalid(field, ip, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)')] : [];
}

/** `path` is that of the spec: `spec` of a pod, `spec.template.spec` of a deployment. */
export function validatePodSpec(spec: PodSpec, path: string): readonly FieldError[] {
  const { preemptionPolicy, os } = spec;
  return [
    ...validateVolumes(spec.volumes, `${path}.volumes`),
    ...validateContainers(spec, path),
    ...oneOf(`${path}.restartPolicy`, spec.restartPolicy, ['Always', 'OnFailure', 'Never']),
    ...validateNetworking(spec, path),
    ...validateLabels(spec.nodeSelector, `${path}.nodeSelector`),
    ...validateNames(spec, path),
    ...validateScheduling(spec, path),
    ...nonNegative(`${path}.terminationGracePeriodSeconds`, spec.terminationGracePeriodSeconds),
    ...within(`${path}.activeDeadlineSeconds`, spec.activeDeadlineSeconds, { min: 1, max: int32Max }),
    ...optionalOneOf(`${path}.preemptionPolicy`, preemptionPolicy, ['PreemptLowerPriority', 'Never']),
    ...(os && !['linux', 'windows'].includes(os.name)
      ? [notSupported(`${path}.os.name`, os.name, ['linux', 'windows'])]
      : []),
  ];
}

export function validatePodTemplate({ metadata, spec }: PodTemplateSpec, path: string): readonly FieldError[] {
  return [
    ...validateLabels(metadata?.labels, `${path}.labels`),
    ...validateAnnotations(metadata?.annotations, `${path}.annotations`),
    ...validatePodSpec(spec, `${path}.spec`),
  ];
}
