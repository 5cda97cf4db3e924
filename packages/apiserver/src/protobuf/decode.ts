/**
 * Kubernetes' protobuf bodies as JSON. Typed Go clients write the built-in kinds in it (kubectl's `create` and `drain`
 * among them), and take JSON for an answer. What is decoded here goes the way of any JSON body from then on.
 *
 * A body is the magic `k8s\0` and a message `Unknown` that names the kind of the message inside.
 */
import { messageText } from './messages.ts';
import { WireFormatError, fieldsOf, packedVarints, type WireValue } from './wire-reader.ts';

export const protobufType = 'application/vnd.kubernetes.protobuf';

const magic = Buffer.from('k8s\0');

interface FieldType {
  /** Absent for fields whose own fields stand in the parent's JSON. */
  readonly name: string | undefined;
  readonly type: string;
  readonly shape: 'one' | 'list' | 'map';
  /** Its zero value says something that absence doesn't. */
  readonly isPointer: boolean;
}

type Message = ReadonlyMap<number, FieldType>;
type Json = Record<string, unknown>;

const messages: ReadonlyMap<string, Message> = new Map(messageText.trim().split('\n').map(parseMessage));

function parseMessage(line: string): [string, Message] {
  const [name = '', fields = ''] = line.split(': ');
  return [name, new Map(fields.split(', ').map(parseField))];
}

function parseField(text: string): [number, FieldType] {
  const [number, name = '', type = ''] = text.split(' ');
  const [, shape = '', bare = '', pointer = ''] = /^(\[\]|\{\})?(\w+)(\?)?$/.exec(type) ?? [];
  return [
    Number(number),
    {
      name: name === '-' ? undefined : name,
      type: bare,
      shape: shape === '[]' ? 'list' : shape === '{}' ? 'map' : 'one',
      isPointer: pointer !== '',
    },
  ];
}

/**
 * The JSON of a protobuf body.
 * @throws WireFormatError for bytes that are no such message, or one of a kind that is not known.
 */
export function decodeProtobufBody(body: Uint8Array): Json {
  if (!Buffer.from(body.subarray(0, magic.length)).equals(magic)) {
    throw new WireFormatError('a protobuf body begins with the bytes k8s\\0');
  }
  let apiVersion = '';
  let kind = '';
  let raw = new Uint8Array();
  for (const { number, value } of fieldsOf(body.subarray(magic.length))) {
    if (typeof value === 'number') continue;
    if (number === 1) ({ apiVersion, kind } = typeMetaOf(value));
    if (number === 2) raw = Uint8Array.from(value);
  }
  const message = messages.get(kind);
  if (!message) throw new WireFormatError(`no protobuf message is known for the kind ${JSON.stringify(kind)}`);
  return { apiVersion, kind, ...decodeMessage(message, raw) };
}

function typeMetaOf(bytes: Uint8Array): { apiVersion: string; kind: string } {
  const texts = new Map([...fieldsOf(bytes)].map(({ number, value }) => [number, textOf(value)]));
  return { apiVersion: texts.get(1) ?? '', kind: texts.get(2) ?? '' };
}

function decodeMessage(message: Message, bytes: Uint8Array): Json {
  const json: Json = {};
  for (const { number, value } of fieldsOf(bytes)) {
    const field = message.get(number);
    // Fields of a later version than the table's.
    if (!field) continue;
    if (field.name === undefined) Object.assign(json, decodeValue(field.type, value));
    else add(json, field.name, field, value);
  }
  return json;
}

function add(json: Json, name: string, { type, shape, isPointer }: FieldType, value: WireValue): void {
  switch (shape) {
    case 'list': {
      const present = (json[name] as unknown[] | undefined) ?? [];
      const isPacked = type === 'int' && typeof value !== 'number';
      json[name] = [...present, ...(isPacked ? packedVarints(value) : [decodeValue(type, value)])];
      return;
    }
    case 'map':
      json[name] = { ...(json[name] as Json | undefined), ...mapEntry(type, value) };
      return;
    case 'one': {
      const decoded = decodeValue(type, value);
      // Go writes the zero values of plain fields too; its JSON leaves them out, and so do we.
      if (isPointer || (decoded !== '' && decoded !== 0 && decoded !== false)) json[name] = decoded;
    }
  }
}

function mapEntry(type: string, value: WireValue): Json {
  let key = '';
  let item: unknown = type === 'string' || type === 'bytes' || type === 'Quantity' ? '' : {};
  for (const field of fieldsOf(bytesOf(value))) {
    if (field.number === 1) key = textOf(field.value);
    if (field.number === 2) item = decodeValue(type, field.value);
  }
  return { [key]: item };
}

function decodeValue(type: string, value: WireValue): unknown {
  switch (type) {
    case 'string':
      return textOf(value);
    case 'bytes':
      return Buffer.from(bytesOf(value)).toString('base64');
    case 'int':
      return numberOf(value);
    case 'bool':
      return numberOf(value) !== 0;
    case 'Time':
      return timeOf(bytesOf(value), 0);
    case 'MicroTime':
      return timeOf(bytesOf(value), 6);
    case 'Quantity':
      return scalarsOf(value).get(1) ?? '0';
    case 'IntOrString':
      return intOrString(value);
    case 'FieldsV1':
      return rawJson(value);
    default:
      return decodeMessage(messageNamed(type), bytesOf(value));
  }
}

function messageNamed(type: string): Message {
  const message = messages.get(type);
  if (message) return message;
  throw new WireFormatError(`no protobuf message ${type} is known`);
}

/** Fields of small messages of scalars. */
function scalarsOf(value: WireValue): ReadonlyMap<number, number | string> {
  return new Map(
    [...fieldsOf(bytesOf(value))].map((field) => {
      return [field.number, typeof field.value === 'number' ? field.value : textOf(field.value)];
    }),
  );
}

/** The zero time is an empty message, and null in JSON. */
function timeOf(bytes: Uint8Array, fractionDigits: 0 | 6): string | null {
  const scalars = scalarsOf(bytes);
  const seconds = Number(scalars.get(1) ?? 0);
  const nanos = Number(scalars.get(2) ?? 0);
  if (scalars.size === 0) return null;
  const date = new Date(seconds * 1_000);
  if (Number.isNaN(date.getTime())) throw new WireFormatError(`${seconds} seconds are no time`);
  const whole = date.toISOString().slice(0, 19);
  const fraction = String(nanos).padStart(9, '0').slice(0, fractionDigits);
  return fractionDigits === 0 ? `${whole}Z` : `${whole}.${fraction}Z`;
}

function intOrString(value: WireValue): number | string {
  const scalars = scalarsOf(value);
  return scalars.get(1) === 1 ? String(scalars.get(3) ?? '') : Number(scalars.get(2) ?? 0);
}

function rawJson(value: WireValue): unknown {
  const text = scalarsOf(value).get(1) ?? 'null';
  try {
    return JSON.parse(String(text));
  } catch (error) {
    throw new WireFormatError('embedded JSON can not be read', { cause: error });
  }
}

function bytesOf(value: WireValue): Uint8Array {
  if (typeof value !== 'number') return value;
  throw new WireFormatError('a number where bytes must stand');
}

function numberOf(value: WireValue): number {
  if (typeof value === 'number') return value;
  throw new WireFormatError('bytes where a number must stand');
}

function textOf(value: WireValue): string {
  return Buffer.from(bytesOf(value)).toString();
}
