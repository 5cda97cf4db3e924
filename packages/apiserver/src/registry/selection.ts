/** The selectors of a list or watch, compiled to one function over cached versions. */
import {
  type FieldRequirements,
  type Kind,
  type LabelRequirements,
  matchesLabels,
  parseFieldSelector,
  parseLabelSelector,
} from '@flotilla/api';
import type { Selects } from '../cache/cache-event.ts';
import type { Version } from '../cache/version.ts';

export interface Selection {
  readonly selects: Selects;
  /** Whether every object is selected. */
  readonly isEverything: boolean;
  /** The one name that can be selected. */
  readonly name: string | undefined;
}

/** @throws ApiError BadRequest on bad syntax and on field labels that the kind does not know. */
export function selection(kind: Kind, labelSelector: string, fieldSelector: string): Selection {
  const labels: LabelRequirements = parseLabelSelector(labelSelector);
  const fields: FieldRequirements = parseFieldSelector(fieldSelector, kind);
  return {
    isEverything: labels.length === 0 && fields.length === 0,
    name: fields.find(({ label, equal }) => label === 'metadata.name' && equal)?.value,
    selects: (version) => fieldsMatch(fields, version) && matchesLabels(labels, version.labels),
  };
}

function fieldsMatch(requirements: FieldRequirements, version: Version): boolean {
  return requirements.every(({ label, equal, value }) => (version.fields[label] === value) === equal);
}
