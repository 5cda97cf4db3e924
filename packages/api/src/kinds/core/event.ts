/** @kinds/core/event */
import { kindModel, type KubeObject } from '../../object.ts';
import { objectReference } from './references.ts';
import { int32, microTime, model, ref, required, string, time } from '../../schema/build.ts';
import type { Fields, Model } from '../../schema/schema.ts';

const eventSourceFields = {
  component: string('@EventSource.component'),
  host: string('@EventSource.host'),
};

/** @EventSource. */
export interface EventSource extends Fields<typeof eventSourceFields> {}
export const eventSource: Model<EventSource> = model('io.k8s.api.core.v1.EventSource', '@EventSource', eventSourceFields);

const eventSeriesFields = {
  count: int32('@EventSeries.count'),
  lastObservedTime: microTime('@EventSeries.lastObservedTime'),
};

/** @EventSeries. */
export interface EventSeries extends Fields<typeof eventSeriesFields> {}
export const eventSeries: Model<EventSeries> = model('io.k8s.api.core.v1.EventSeries', '@EventSeries', eventSeriesFields);

const eventFields = {
  action: string('@Event.action'),
  count: int32('@Event.count'),
  eventTime: microTime('@Event.eventTime'),
  firstTimestamp: time('@Event.firstTimestamp'),
  involvedObject: required({ ...ref(objectReference, '@Event.involvedObject'), filled: true }),
  lastTimestamp: time('@Event.lastTimestamp'),
  message: string('@Event.message'),
  reason: string('@Event.reason'),
  related: ref(objectReference, '@Event.related'),
  reportingComponent: string('@Event.reportingComponent'),
  reportingInstance: string('@Event.reportingInstance'),
  series: ref(eventSeries, '@Event.series'),
  source: ref(eventSource, '@Event.source'),
  type: string('@Event.type'),
};

/** @Event. */
export interface Event extends KubeObject, Fields<typeof eventFields> {}
export const event: Model<Event> = kindModel('io.k8s.api.core.v1.Event', '@Event', eventFields);
