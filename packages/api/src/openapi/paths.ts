/** The paths of a kind in OpenAPI: one item a URL, one operation a verb, with the parameters that kubectl looks for. */
import type { GroupVersionKind, Kind, Subresource, Verb } from '../kind.ts';
import { listModel } from '../object.ts';
import { deleteOptions } from '../meta/delete-options.ts';
import { status } from '../meta/status-model.ts';
import { patchTypes } from '../patch/patch-object.ts';
import type { Model } from '../schema/schema.ts';
import { reference, type OpenApiSchema } from './schemas.ts';

export const patchComponent = 'io.k8s.apimachinery.pkg.apis.meta.v1.Patch';
export const watchEventComponent = 'io.k8s.apimachinery.pkg.apis.meta.v1.WatchEvent';

type Action = 'list' | 'post' | 'get' | 'put' | 'patch' | 'delete' | 'deletecollection';

function query(name: string, type: 'string' | 'boolean' | 'integer', description: string): OpenApiSchema {
  return { name, in: 'query', description, schema: { type, uniqueItems: true } };
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
const parametersOf: Readonly<Record<Action, readonly OpenApiSchema[]>> = {
  list: listParameters,
  get: [],
  post: [dryRun, fieldManager, fieldValidation],
  put: [dryRun, fieldManager, fieldValidation],
  patch: [dryRun, fieldManager, fieldValidation, force],
  delete: deleteParameters,
  deletecollection: [...deleteParameters, ...listParameters],
};

function json(name: string): OpenApiSchema {
  return { 'application/json': { schema: reference(name) } };
}

function patchBody(): OpenApiSchema {
  const content = Object.fromEntries(patchTypes.map((type) => [type, { schema: reference(patchComponent) }]));
  return { content, required: true };
}

interface OperationTarget {
  readonly gvk: GroupVersionKind;
  readonly tag: string;
  readonly id: string;
  /** What goes in and out; undefined where it is plain text, as for logs. */
  readonly model: Model | undefined;
}

function answerOf(action: Action, { model }: OperationTarget): OpenApiSchema {
  if (action === 'delete' || action === 'deletecollection') return json(status.name);
  if (model === undefined) return { 'text/plain': { schema: { type: 'string' } } };
  return json(model.name);
}

function requestBody(action: Action, { model }: OperationTarget): OpenApiSchema {
  if (action === 'patch') return { requestBody: patchBody() };
  if (action === 'delete' || action === 'deletecollection')
    return { requestBody: { content: json(deleteOptions.name) } };
  if ((action === 'post' || action === 'put') && model)
    return { requestBody: { content: json(model.name), required: true } };
  return {};
}

function operation(action: Action, target: OperationTarget): OpenApiSchema {
  const ok = { description: 'OK', content: answerOf(action, target) };
  return {
    tags: [target.tag],
    description: `${action} of ${target.gvk.kind}`,
    operationId: `${action}${target.id}`,
    parameters: parametersOf[action],
    ...requestBody(action, target),
    responses: {
      '200': ok,
      ...(action === 'post' && { '201': { ...ok, description: 'Created' } }),
      '401': { description: 'Unauthorized' },
    },
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': target.gvk,
  };
}

const methods: Readonly<Record<Action, string>> = {
  list: 'get',
  get: 'get',
  post: 'post',
  put: 'put',
  patch: 'patch',
  delete: 'delete',
  deletecollection: 'delete',
};
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
  target: OperationTarget,
  parameters: readonly OpenApiSchema[],
): OpenApiSchema {
  const operations = actions.map((action) => [methods[action], operation(action, target)] as const);
  return { ...Object.fromEntries(operations), parameters: [...parameters, pretty] };
}

function pathParameter(name: string, description: string): OpenApiSchema {
  return { name, in: 'path', required: true, description, schema: { type: 'string', uniqueItems: true } };
}

const nameParameter = pathParameter('name', 'Name of the object.');
const namespaceParameter = pathParameter('namespace', 'Namespace of the object.');

/** `/api/v1`, `/apis/apps/v1`. */
export function groupVersionRoot(apiVersion: string): string {
  return apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}

function subresourcePath(kind: Kind, { name, responseKind, verbs, model }: Subresource): OpenApiSchema {
  const actions = verbs.flatMap((verb) => actionsOfVerb[verb] ?? []);
  const target = { gvk: responseKind, tag: kind.apiVersion, id: `${kind.apiVersion}${kind.kind}/${name}`, model };
  return pathItem(actions, target, kind.namespaced ? [nameParameter, namespaceParameter] : [nameParameter]);
}

/** All paths of a kind. */
export function pathsOf(row: Kind): Readonly<Record<string, OpenApiSchema>> {
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
  const onCollection = actions.filter((action) => collectionActions.has(action));
  const onObject = actions.filter((action) => !collectionActions.has(action));
  const collectionItem = {
    ...pathItem(onCollection, one, scope),
    ...(actions.includes('list') && { get: operation('list', many) }),
  };
  return {
    ...(namespaced && {
      [`${root}/${plural}`]: pathItem(['list'], target(`${apiVersion}${kind}ForAllNamespaces`, listModel(model)), []),
    }),
    [collection]: collectionItem,
    [`${collection}/{name}`]: pathItem(onObject, one, [nameParameter, ...scope]),
    ...Object.fromEntries(
      row.subresources.map((sub) => [`${collection}/{name}/${sub.name}`, subresourcePath(row, sub)]),
    ),
  };
}
