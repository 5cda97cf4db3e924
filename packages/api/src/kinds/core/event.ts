/** Events: what happened, kept for an hour. */
import { integer, nameColumn, text, wide } from '../../columns.ts';
import { age } from '../../duration.ts';
import { invalid, type FieldError } from '../../field-error.ts';
import type { Column } from '../../kind.ts';
import { defineKind } from '../../define-kind.ts';
import { dnsSubdomainProblems } from '../../validation/names.ts';
import { kindModel, type KubeObject } from '../../object.ts';
import { objectReference } from './references.ts';
import { int32, microTime, model, ref, required, string, time } from '../../schema/build.ts';
import type { Fields, Model } from '../../schema/schema.ts';

const eventSourceFields = {
  component: string('The component.'),
  host: string('The node it runs on.'),
};

/** Who reported an event. */
export interface EventSource extends Fields<typeof eventSourceFields> {}
export const eventSource: Model<EventSource> = model(
  'io.k8s.api.core.v1.EventSource',
  'Who reported an event.',
  eventSourceFields,
);

const eventSeriesFields = {
  count: int32('How often it happened.'),
  lastObservedTime: microTime('When it last happened.'),
};

/** An event that happened again and again. */
export interface EventSeries extends Fields<typeof eventSeriesFields> {}
export const eventSeries: Model<EventSeries> = model(
  'io.k8s.api.core.v1.EventSeries',
  'An event that happened again and again.',
  eventSeriesFields,
);

const eventFields = {
  action: string('What was being done.'),
  count: int32('How often it happened.'),
  eventTime: microTime('When it first happened.'),
  firstTimestamp: time('When it was first reported.'),
  involvedObject: required({ ...ref(objectReference, 'What it happened to.'), filled: true }),
  lastTimestamp: time('When it was last reported.'),
  message: string('What happened, in words for people.'),
  reason: string('Why, in a CamelCase word for programs.'),
  related: ref(objectReference, 'What else it has to do with.'),
  reportingComponent: string('Name of the controller that reports.'),
  reportingInstance: string('Which instance of it.'),
  series: ref(eventSeries, 'How it went on.'),
  source: ref(eventSource, 'Who reported it.'),
  type: string('Normal or Warning.'),
};

/** Something that happened in the cluster, kept for a while. */
export interface Event extends KubeObject, Fields<typeof eventFields> {}
export const event: Model<Event> = kindModel(
  'io.k8s.api.core.v1.Event',
  'Something that happened in the cluster, kept for a while.',
  eventFields,
);

/** How long events are kept. */
const ttlSeconds = 3600;

function firstSeen({ firstTimestamp, eventTime }: Event): string | undefined {
  return firstTimestamp ?? eventTime;
}

function lastSeen(object: Event): string | undefined {
  return object.series?.lastObservedTime ?? object.lastTimestamp ?? firstSeen(object);
}

function countOf({ series, count }: Event): number {
  return series?.count ?? (count || 1);
}

function objectText({ involvedObject: { kind = '', name = '' } }: Event): string {
  return name === '' ? kind.toLowerCase() : `${kind.toLowerCase()}/${name}`;
}

function sourceText({ source, reportingComponent = '', reportingInstance = '' }: Event): string {
  const component = source?.component || reportingComponent;
  const host = source?.host || reportingInstance;
  return host === '' ? component : `${component}, ${host}`;
}

const columns: readonly Column<Event>[] = [
  text({ name: 'Last Seen', description: 'Time since it last happened.' }, (object, { nowMs }) =>
    age(lastSeen(object), nowMs),
  ),
  text({ name: 'Type', description: 'Normal or Warning.' }, ({ type = '' }) => type),
  text({ name: 'Reason', description: 'Why, in a word for programs.' }, ({ reason = '' }) => reason),
  text({ name: 'Object', description: 'What it happened to.' }, objectText),
  wide(
    text(
      { name: 'Subobject', description: 'Which part of it.' },
      ({ involvedObject }) => involvedObject.fieldPath ?? '',
    ),
  ),
  wide(text({ name: 'Source', description: 'Who reported it.' }, sourceText)),
  text({ name: 'Message', description: 'What happened, for people.' }, ({ message = '' }) => message.trim()),
  wide(
    text({ name: 'First Seen', description: 'Time since it first happened.' }, (object, { nowMs }) =>
      age(firstSeen(object), nowMs),
    ),
  ),
  wide(integer({ name: 'Count', description: 'How often it happened.' }, countOf)),
  wide(nameColumn),
];

/** An event lies in the namespace of what it is about; about cluster-scoped things it lies in `default`. */
function validateEvent({ metadata, involvedObject }: Event): readonly FieldError[] {
  const namespace = involvedObject.namespace ?? '';
  const fits =
    namespace === '' ? ['default', 'kube-system'].includes(metadata.namespace ?? '') : namespace === metadata.namespace;
  return fits ? [] : [invalid('involvedObject.namespace', namespace, 'does not match event.namespace')];
}

export const events = defineKind<Event>({
  group: '',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  shortNames: ['ev'],
  namespaced: true,
  model: event,
  nameRule: dnsSubdomainProblems,
  fieldSelectors: {
    'involvedObject.kind': ({ involvedObject }) => involvedObject.kind ?? '',
    'involvedObject.namespace': ({ involvedObject }) => involvedObject.namespace ?? '',
    'involvedObject.name': ({ involvedObject }) => involvedObject.name ?? '',
    'involvedObject.uid': ({ involvedObject }) => involvedObject.uid ?? '',
    'involvedObject.apiVersion': ({ involvedObject }) => involvedObject.apiVersion ?? '',
    'involvedObject.resourceVersion': ({ involvedObject }) => involvedObject.resourceVersion ?? '',
    'involvedObject.fieldPath': ({ involvedObject }) => involvedObject.fieldPath ?? '',
    reason: ({ reason = '' }) => reason,
    reportingComponent: ({ reportingComponent = '' }) => reportingComponent,
    source: ({ source, reportingComponent = '' }) => source?.component || reportingComponent,
    type: ({ type = '' }) => type,
  },
  columns,
  validate: validateEvent,
  strategy: { allowCreateOnUpdate: true, ttlSeconds },
});
