/**
 * The JSON form of etcd's messages, as its gateway speaks it: field names as in the .proto files (their camel-case form is
 * read too), 64-bit integers as strings, bytes in base64, enums by name, zero values left out. Unknown fields are ignored.
 */
import { type Field, type Message, methodTypes } from './descriptor.ts';
import { fromId, fromUnsignedId } from './integers.ts';

/** JSON that is no form of the message. */
export class JsonMismatch extends Error {
  override readonly name = 'JsonMismatch';
}

export interface JsonCodec {
  /** What an encoder takes. @throws JsonMismatch */
  requestOf(value: unknown): object;
  /** Of a decoded response. */
  responseToJson(message: object): JsonObject;
}

export type JsonObject = { readonly [name: string]: unknown };

/** The forms of a method's messages, by its path. */
export function jsonCodec(path: string): JsonCodec {
  const { request, response } = methodTypes(path);
  return {
    requestOf: (value) => fromJson(request, value, ''),
    responseToJson: (message) => toJson(response, message),
  };
}

function toJson(type: Message, message: object): JsonObject {
  const json: Record<string, unknown> = {};
  const values = message as Readonly<Record<string, unknown>>;
  for (const field of type.fields) {
    const value = Object.hasOwn(message, field.name) ? values[field.name] : undefined;
    if (value === undefined || value === null) continue;
    if (Array.isArray(value)) {
      if (value.length > 0) json[field.name] = value.map((item: unknown) => valueToJson(field, item));
    } else if (field.hasPresence || !isZero(value)) {
      json[field.name] = valueToJson(field, value);
    }
  }
  return json;
}

function isZero(value: unknown): boolean {
  if (value instanceof Uint8Array) return value.length === 0;
  return value === false || value === '' || String(value) === '0';
}

function valueToJson(field: Field, value: unknown): unknown {
  const message = field.message();
  if (message) return toJson(message, value as object);
  if (field.values) return nameOfNumber(field.values, Number(value)) ?? Number(value);
  switch (field.type) {
    case 'bytes':
      return Buffer.from(value as Uint8Array).toString('base64');
    case 'int64':
    case 'uint64':
      return String(value);
    default:
      return value;
  }
}

function nameOfNumber(values: ReadonlyMap<string, number>, wanted: number): string | undefined {
  for (const [name, number] of values) if (number === wanted) return name;
  return undefined;
}

function fromJson(type: Message, value: unknown, place: string): object {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new JsonMismatch(`proto: syntax error: unexpected token ${short(value)}, expected an object${at(place)}`);
  }
  const message: Record<string, unknown> = {};
  for (const [name, content] of Object.entries(value)) {
    const field = type.byName.get(name);
    if (!field || content === null) continue;
    const within = place === '' ? field.name : `${place}.${field.name}`;
    if (!field.isRepeated) message[field.name] = valueFromJson(field, content, within);
    else if (Array.isArray(content)) {
      message[field.name] = content.map((item: unknown) => valueFromJson(field, item, within));
    } else throw mismatch(field, content, within);
  }
  return message;
}

function valueFromJson(field: Field, value: unknown, place: string): unknown {
  const message = field.message();
  if (message) return fromJson(message, value, place);
  const found = field.values ? enumFromJson(field.values, value) : scalarFromJson(field.type, value);
  if (found === undefined) throw mismatch(field, value, place);
  return found;
}

function enumFromJson(values: ReadonlyMap<string, number>, value: unknown): number | undefined {
  if (typeof value === 'string') return values.get(value);
  return Number.isInteger(value) ? Number(value) : undefined;
}

function scalarFromJson(type: string, value: unknown): unknown {
  switch (type) {
    case 'bytes':
      return typeof value === 'string' ? bytesFromBase64(value) : undefined;
    case 'string':
      // Half a surrogate pair is no character: as in Go, U+FFFD stands for it.
      return typeof value === 'string' ? Buffer.from(value).toString() : undefined;
    case 'bool':
      return typeof value === 'boolean' ? value : undefined;
    case 'int64': {
      const integer = integerFromJson(value);
      return integer !== undefined && BigInt.asIntN(64, integer) === integer ? fromId(integer) : undefined;
    }
    case 'uint64': {
      const integer = integerFromJson(value);
      return integer !== undefined && BigInt.asUintN(64, integer) === integer ? fromUnsignedId(integer) : undefined;
    }
    default: {
      const integer = integerFromJson(value);
      return integer !== undefined && BigInt.asIntN(53, integer) === integer ? Number(integer) : undefined;
    }
  }
}

/** A number, or its digits as a string. */
function integerFromJson(value: unknown): bigint | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : undefined;
  return typeof value === 'string' && /^-?\d{1,20}$/.test(value) ? BigInt(value) : undefined;
}

/** Both alphabets, with padding or without. */
function bytesFromBase64(text: string): Uint8Array | undefined {
  return /^[A-Za-z0-9+/_-]*={0,2}$/.test(text) && text.replace(/=+$/, '').length % 4 !== 1
    ? Buffer.from(text, 'base64')
    : undefined;
}

function mismatch(field: Field, value: unknown, place: string): JsonMismatch {
  return new JsonMismatch(`proto: invalid value for ${field.type} field ${field.name}: ${short(value)}${at(place)}`);
}

function at(place: string): string {
  return place === '' ? '' : ` (${place})`;
}

function short(value: unknown): string {
  const text = JSON.stringify(value) ?? 'undefined';
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
