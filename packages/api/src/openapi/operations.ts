/**
 * The paths of a kind and what may be done on each, in no version's words: one item a URL, one operation a verb, with the
 * parameters that kubectl looks for. `paths.ts` says it in OpenAPI v3, `v2/paths.ts` in v2.
 */
import type { GroupVersionKind, Kind, Subresource, Verb } from '../kind.ts';
import { listModel } from '../object.ts';
import { deleteOptions } from '../meta/delete-options.ts';
import { status } from '../meta/status-model.ts';
import { patchTypes } from '../patch/patch-object.ts';
import type { Model } from '../schema/schema.ts';
import { patchModelName } from './published-models.ts';

type Action = 'list' | 'post' | 'get' | 'put' | 'patch' | 'delete' | 'deletecollection';
export type Method = 'get' | 'put' | 'post' | 'delete' | 'patch';

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query';
  readonly type: 'string' | 'boolean' | 'integer';
  readonly description: string;
}

export interface Body {
  readonly contentTypes: readonly string[];
  /** The name of its model. */
  readonly model: string;
  readonly required: boolean;
}

export interface Operation {
  readonly method: Method;
  readonly action: Action;
  readonly gvk: GroupVersionKind;
  readonly tag: string;
  readonly id: string;
  readonly description: string;
  readonly parameters: readonly Parameter[];
  readonly body: Body | undefined;
  /** The name of the model that is answered; undefined where that is plain text, as for logs. */
  readonly answer: string | undefined;
}

export interface PathItem {
  readonly operations: readonly Operation[];
  /** Of every operation. */
  readonly parameters: readonly Parameter[];
}

export const jsonType = 'application/json';
export const textType = 'text/plain';

function query(name: string, type: Parameter['type'], description: string): Parameter {
  return { name, in: 'query', type, description };
}

const pretty = query('pretty', 'string', 'Print for human eyes.');
const dryRun = query('dryRun', 'string', 'With All, do everything but store the result.');
const fieldManager = query('fieldManager', 'string', 'Who writes, as recorded with the fields.');
const fieldValidation = query(
  'fieldValidation',
  'string',
  'How unknown and duplicate fields are met: Ignore, Warn or Strict.',
);
const force = query('force', 'boolean', 'Take over fields that another manager owns; for apply only.');
const deleteParameters = [
  dryRun,
  query('gracePeriodSeconds', 'integer', 'How long the object may take to end; 0 is now.'),
  query('propagationPolicy', 'string', 'What becomes of dependents: Orphan, Background or Foreground.'),
];
const listParameters = [
  query('allowWatchBookmarks', 'boolean', 'Let a watch send events that only advance the version.'),
  query('continue', 'string', 'The token of the page before.'),
  query('fieldSelector', 'string', 'Only objects whose fields match.'),
  query('labelSelector', 'string', 'Only objects whose labels match.'),
  query('limit', 'integer', 'How many objects a page may hold.'),
  query('resourceVersion', 'string', 'Which version to list, or after which to watch.'),
  query('resourceVersionMatch', 'string', 'How resourceVersion is meant: Exact or NotOlderThan.'),
  query('sendInitialEvents', 'boolean', 'Begin a watch with the present objects.'),
  query('timeoutSeconds', 'integer', 'End the watch after this time.'),
  query('watch', 'boolean', 'Stream changes instead of listing.'),
];
const parametersOf: Readonly<Record<Action, readonly Parameter[]>> = {
  list: listParameters,
  get: [],
  post: [dryRun, fieldManager, fieldValidation],
  put: [dryRun, fieldManager, fieldValidation],
  patch: [dryRun, fieldManager, fieldValidation, force],
  delete: deleteParameters,
  deletecollection: [...deleteParameters, ...listParameters],
};

interface OperationTarget {
  readonly gvk: GroupVersionKind;
  readonly tag: string;
  readonly id: string;
  /** What goes in and out; undefined where it is plain text, as for logs. */
  readonly model: Model | undefined;
}

function bodyOf(action: Action, { model }: OperationTarget): Body | undefined {
  if (action === 'patch') return { contentTypes: patchTypes, model: patchModelName, required: true };
  if (action === 'delete' || action === 'deletecollection')
    return { contentTypes: [jsonType], model: deleteOptions.name, required: false };
  if ((action === 'post' || action === 'put') && model)
    return { contentTypes: [jsonType], model: model.name, required: true };
  return undefined;
}

const methods: Readonly<Record<Action, Method>> = {
  list: 'get',
  get: 'get',
  post: 'post',
  put: 'put',
  patch: 'patch',
  delete: 'delete',
  deletecollection: 'delete',
};

function operation(action: Action, target: OperationTarget): Operation {
  return {
    method: methods[action],
    action,
    gvk: target.gvk,
    tag: target.tag,
    id: `${action}${target.id}`,
    description: `${action} of ${target.gvk.kind}`,
    parameters: parametersOf[action],
    body: bodyOf(action, target),
    answer: action === 'delete' || action === 'deletecollection' ? status.name : target.model?.name,
  };
}

const actionsOfVerb: Readonly<Record<Verb, Action | undefined>> = {
  create: 'post',
  delete: 'delete',
  deletecollection: 'deletecollection',
  get: 'get',
  list: 'list',
  patch: 'patch',
  update: 'put',
  watch: undefined,
};
const collectionActions = new Set<Action>(['list', 'post', 'deletecollection']);

function pathItem(
  actions: readonly Action[],
  targetOf: (action: Action) => OperationTarget,
  parameters: readonly Parameter[],
): PathItem {
  return {
    operations: actions.map((action) => operation(action, targetOf(action))),
    parameters: [...parameters, pretty],
  };
}

const nameParameter: Parameter = { name: 'name', in: 'path', type: 'string', description: 'Name of the object.' };
const namespaceParameter: Parameter = {
  name: 'namespace',
  in: 'path',
  type: 'string',
  description: 'Namespace of the object.',
};

/** `/api/v1`, `/apis/apps/v1`. */
export function groupVersionRoot(apiVersion: string): string {
  return apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}

function subresourceItem(kind: Kind, { name, responseKind, verbs, model }: Subresource): PathItem {
  const actions = verbs.flatMap((verb) => actionsOfVerb[verb] ?? []);
  const target = { gvk: responseKind, tag: kind.apiVersion, id: `${kind.apiVersion}${kind.kind}/${name}`, model };
  return pathItem(actions, () => target, kind.namespaced ? [nameParameter, namespaceParameter] : [nameParameter]);
}

/** All paths of a kind. */
export function pathItemsOf(row: Kind): Readonly<Record<string, PathItem>> {
  const { group, version, kind, apiVersion, plural, namespaced, model } = row;
  const root = groupVersionRoot(apiVersion);
  const collection = namespaced ? `${root}/namespaces/{namespace}/${plural}` : `${root}/${plural}`;
  const scope = namespaced ? [namespaceParameter] : [];
  const actions = row.verbs.flatMap((verb) => actionsOfVerb[verb] ?? []);
  const target = (id: string, body: Model): OperationTarget => ({
    gvk: { group, version, kind },
    tag: apiVersion,
    id,
    model: body,
  });
  const one = target(`${apiVersion}${kind}`, model);
  const many = target(`${apiVersion}${kind}`, listModel(model));
  const manyOfAll = target(`${apiVersion}${kind}ForAllNamespaces`, listModel(model));
  const onCollection = actions.filter((action) => collectionActions.has(action));
  const onObject = actions.filter((action) => !collectionActions.has(action));
  return {
    ...(namespaced && { [`${root}/${plural}`]: pathItem(['list'], () => manyOfAll, []) }),
    [collection]: pathItem(onCollection, (action) => (action === 'list' ? many : one), scope),
    [`${collection}/{name}`]: pathItem(onObject, () => one, [nameParameter, ...scope]),
    ...Object.fromEntries(
      row.subresources.map((sub) => [`${collection}/{name}/${sub.name}`, subresourceItem(row, sub)]),
    ),
  };
}
