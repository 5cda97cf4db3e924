/** What the selector and the template of a workload owe each other. */
import { forbidden, invalid, notSupported, missing, type FieldError } from '../field-error.ts';
import type { LabelSelector } from '../meta/label-selector-model.ts';
import { matchesLabels, requirementsOf } from '../selector/label-selector.ts';
import { isEmptySelector, validateLabelSelector } from '../validation/label-selector.ts';
import type { PodTemplateSpec } from './pod-spec.ts';
import { validatePodTemplate } from './validate-pod-spec.ts';

interface Workload {
  /** Absent in an object that has not been validated. */
  readonly selector?: LabelSelector | undefined;
  readonly template: PodTemplateSpec;
}

function selectorErrors(selector: LabelSelector | undefined, path: string): readonly FieldError[] {
  if (selector === undefined) return [missing(path)];
  const errors = validateLabelSelector(selector, path);
  // The text names deployments for replica sets too, as in Kubernetes.
  return isEmptySelector(selector)
    ? [...errors, invalid(path, selector, 'empty selector is invalid for deployment')]
    : errors;
}

function matchErrors({ selector, template }: Workload, path: string): readonly FieldError[] {
  if (selector === undefined || isEmptySelector(selector)) return [];
  const labels = template.metadata?.labels ?? {};
  if (matchesLabels(requirementsOf(selector), labels)) return [];
  return [invalid(`${path}.metadata.labels`, labels, '`selector` does not match template `labels`')];
}

/** For workloads that keep pods running: deployments and replica sets. */
export function validateWorkloadTemplate(workload: Workload, path: string): readonly FieldError[] {
  const { selector, template } = workload;
  const at = `${path}.template`;
  const { restartPolicy = '', activeDeadlineSeconds } = template.spec;
  return [
    ...selectorErrors(selector, `${path}.selector`),
    ...matchErrors(workload, at),
    ...validatePodTemplate(template, at),
    ...(restartPolicy === 'Always' ? [] : [notSupported(`${at}.spec.restartPolicy`, restartPolicy, ['Always'])]),
    ...(activeDeadlineSeconds === undefined
      ? []
      : [forbidden(`${at}.spec.activeDeadlineSeconds`, 'activeDeadlineSeconds in ReplicaSet is not Supported')]),
  ];
}
