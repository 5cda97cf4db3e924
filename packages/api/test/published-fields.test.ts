/** The fields of our models are those that Kubernetes publishes: held against the generated models of its JavaScript client. */
import * as client from '@kubernetes/client-node';
import {
  bindingModel,
  deleteOptionsModel,
  evictionModel,
  kinds,
  listModel,
  scaleModel,
  statusModel,
  type Field,
  type Model,
  type Schema,
} from '@flotilla/api';
import t from 'tap';

interface Attribute {
  readonly baseName: string;
  readonly type: string;
  readonly format: string;
}

/** Where the client's class is not `V1` and the last part of our model name. */
const classNames: Readonly<Record<string, string>> = {
  'io.k8s.api.core.v1.Event': 'CoreV1Event',
  'io.k8s.api.core.v1.EventList': 'CoreV1EventList',
  'io.k8s.api.core.v1.EventSeries': 'CoreV1EventSeries',
  'io.k8s.api.core.v1.ResourceClaim': 'CoreV1ResourceClaim',
  'io.k8s.api.discovery.v1.EndpointPort': 'DiscoveryV1EndpointPort',
};

/** Quantities are strings to the client, so their names are told here. */
const quantityFields = new Set(['sizeLimit', 'divisor']);
const quantityMaps = new Set(['limits', 'requests', 'capacity', 'allocatable', 'overhead', 'allocatedResources']);

function className({ name }: Model): string {
  return classNames[name] ?? `V1${name.slice(name.lastIndexOf('.') + 1)}`;
}

function attributesOf(model: Model): readonly Attribute[] {
  const found: unknown = Object.entries(client).find(([name]) => name === className(model))?.[1];
  const { attributeTypeMap } = found as { readonly attributeTypeMap: readonly Attribute[] };
  return attributeTypeMap;
}

const scalarTypes: Readonly<Record<string, string>> = {
  string: 'string',
  boolean: 'boolean',
  int32: 'number int32',
  int64: 'number int64',
  quantity: 'string',
  intOrString: 'IntOrString int-or-string',
  time: 'Date date-time',
  microTime: 'V1MicroTime date-time-micro',
  raw: 'any',
};

/** The client's words for our schema. */
function clientType(schema: Schema): string {
  switch (schema.type) {
    case 'model':
      return className(schema);
    case 'list': {
      const [type, format = ''] = clientType(schema.items).split(' ');
      return `Array<${type}> ${format}`.trim();
    }
    case 'map':
      return schema.values.type === 'bytes' ? '{ [key: string]: string; } byte' : '{ [key: string]: string; }';
    default:
      return scalarTypes[schema.type] ?? schema.type;
  }
}

function ours({ fields }: Model): Record<string, string> {
  return Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, clientType(field.schema)]));
}

function theirs(model: Model): Record<string, string> {
  return Object.fromEntries(
    attributesOf(model).map(({ baseName, type, format }) => [baseName, `${type} ${format}`.trim()]),
  );
}

function innerModels(schema: Schema): readonly Model[] {
  if (schema.type === 'list') return innerModels(schema.items);
  if (schema.type === 'map') return innerModels(schema.values);
  return schema.type === 'model' ? [schema] : [];
}

function reachable(roots: readonly Model[]): ReadonlyMap<string, Model> {
  const found = new Map<string, Model>();
  const visit = (model: Model): void => {
    if (found.has(model.name)) return;
    found.set(model.name, model);
    for (const { schema } of Object.values(model.fields)) innerModels(schema).forEach(visit);
  };
  roots.forEach(visit);
  return found;
}

const bodies: readonly Model[] = [bindingModel, evictionModel, scaleModel, statusModel, deleteOptionsModel];
const models = reachable([
  ...kinds.map(({ model }) => model),
  ...kinds.map(({ model }) => listModel(model)),
  ...bodies,
]);

const fields = [...models.values()].flatMap(({ name, fields }) =>
  Object.entries(fields).map(([key, field]): readonly [string, string, Field] => [name, key, field]),
);

void t.test('every model has the fields and types that Kubernetes publishes', (t) => {
  t.ok(models.size > 190, 'the walk reaches the pod spec and all below it');
  for (const model of models.values()) t.same(ours(model), theirs(model), model.name);
  t.end();
});

void t.test('quantities are quantities, not strings', (t) => {
  const wrong = fields.filter(([model, key, { schema }]) => {
    const isQuantity = schema.type === 'quantity' || (schema.type === 'map' && schema.values.type === 'quantity');
    const isSwap = model.endsWith('.NodeSwapStatus');
    return isQuantity !== (!isSwap && (quantityFields.has(key) || quantityMaps.has(key)));
  });
  t.same(wrong, []);
  t.end();
});

void t.test('every field and model says what it is', (t) => {
  const isSentence = (text: string): boolean => /^\S.*\.$/u.test(text) && !text.includes('@');
  t.same(
    fields.filter(([, , { description }]) => !isSentence(description)),
    [],
  );
  t.same(
    [...models.values()].filter(({ description }) => !isSentence(description)),
    [],
  );
  t.end();
});
