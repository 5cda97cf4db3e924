import { openapi } from '@flotilla/wire/openapi';
import t from 'tap';
import { type Response, startCluster } from './support/cluster.ts';

const cluster = await startCluster();
t.teardown(() => cluster.stop());
const client = cluster.client();

const askedType = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf';
const answeredType = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';
const get = (accept: string, headers = {}): Promise<Response> =>
  client.send('/openapi/v2', { headers: { accept, ...headers } });

t.test('it comes as JSON or as protobuf, as is asked', async (t) => {
  for (const accept of ['application/json', '*/*', `text/plain,application/json,${askedType}`]) {
    const { code, headers, json } = await get(accept);
    t.match({ code, headers }, { code: 200, headers: { 'content-type': 'application/json', vary: 'Accept' } }, accept);
    t.match(json, { swagger: '2.0', definitions: { 'io.k8s.api.core.v1.Pod': { type: 'object' } } });
  }
  for (const accept of [askedType, answeredType, `${askedType},application/json`]) {
    const { code, headers } = await get(accept);
    t.match({ code, headers }, { code: 200, headers: { 'content-type': answeredType, vary: 'Accept' } }, accept);
  }
  t.match(await get('application/yaml'), { code: 406, json: { kind: 'Status', reason: 'NotAcceptable' } });
});

t.test('a document that the client has is not sent again', async (t) => {
  for (const accept of ['application/json', askedType]) {
    const { headers } = await get(accept);
    t.match(await get(accept, { 'if-none-match': headers.etag ?? '' }), { code: 304, text: '' });
    t.match(await get(accept, { 'if-none-match': '"other"' }), { code: 200 });
  }
  const etags = await Promise.all(
    ['application/json', askedType].map(async (accept) => (await get(accept)).headers.etag),
  );
  t.equal(new Set(etags).size, 2, 'each form has a tag of its own');
});

t.test('those who may discover may read it', async (t) => {
  const nobody = cluster.client(await cluster.authority.client('somebody', []));
  t.equal((await nobody.get('/openapi/v2')).code, 200);
});

t.test('the protobuf form says what the JSON says', async (t) => {
  // Protobuf does not tell an empty list from none.
  const withoutEmptyLists = (_: string, value: unknown): unknown =>
    Array.isArray(value) && value.length === 0 ? undefined : value;
  const message = openapi.v2.Document.decode((await get(askedType)).bytes);
  const decoded = JSON.parse(JSON.stringify(message, withoutEmptyLists)) as Message;
  t.strictSame(jsonOf(decoded), JSON.parse((await get('application/json')).text, withoutEmptyLists));
});

type Message = Readonly<Record<string, unknown>>;
type Entry = { readonly name: string; readonly value: Message & { readonly yaml: string } };

/** What stands around another message and adds nothing to it. */
const wrappers = [
  'parameter',
  'body_parameter',
  'non_body_parameter',
  'query_parameter_sub_schema',
  'path_parameter_sub_schema',
  'response',
];
/** Lists of names and values that are maps in JSON. */
const maps = ['path', 'additional_properties', 'response_code'];
const words: Readonly<Record<string, string>> = {
  _ref: '$ref',
  operation_id: 'operationId',
  unique_items: 'uniqueItems',
  additional_properties: 'additionalProperties',
};

/** A decoded message as JSON, by the rules of the format alone. */
function jsonOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(jsonOf);
  if (typeof value !== 'object' || value === null) return value;
  const message = value as Message;
  const keys = Object.keys(message);
  const [only] = keys;
  if (keys.length === 1 && only !== undefined) {
    const inner = message[only];
    if (wrappers.includes(only)) return jsonOf(inner);
    if (maps.includes(only) && Array.isArray(inner)) return mapOf(inner as Entry[]);
    // Of a type, or of the items of a list, there is one.
    if (only === 'value' && Array.isArray(inner)) return inner[0];
    if (only === 'schema') return jsonOf(Array.isArray(inner) ? inner[0] : inner);
  }
  return Object.fromEntries(keys.flatMap((key) => wordsOf(key, message[key])));
}

function wordsOf(key: string, value: unknown): [string, unknown][] {
  if (key === 'vendor_extension')
    return (value as Entry[]).map(({ name, value: { yaml } }) => [name, JSON.parse(yaml) as unknown]);
  return [[words[key] ?? key, jsonOf(value)]];
}

function mapOf(entries: readonly Entry[]): unknown {
  return Object.fromEntries(entries.map(({ name, value }) => [name, jsonOf(value)]));
}
