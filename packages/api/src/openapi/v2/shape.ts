/** The words of OpenAPI v2 (Swagger 2.0) that our documents use. */
import type { Method } from '../operations.ts';

/** In v2 a reference may stand beside a description and extensions. */
export interface OpenApiV2Schema {
  readonly $ref?: string;
  readonly description?: string;
  readonly type?: string;
  readonly format?: string;
  readonly required?: readonly string[];
  readonly items?: OpenApiV2Schema;
  readonly additionalProperties?: OpenApiV2Schema;
  readonly properties?: Readonly<Record<string, OpenApiV2Schema>>;
  readonly [extension: `x-${string}`]: unknown;
}

export interface OpenApiV2BodyParameter {
  readonly name: string;
  readonly in: 'body';
  readonly required?: boolean;
  readonly schema: OpenApiV2Schema;
}

export interface OpenApiV2PlainParameter {
  readonly name: string;
  readonly in: 'path' | 'query';
  readonly description: string;
  readonly required?: boolean;
  readonly type: string;
  readonly uniqueItems: boolean;
}

export type OpenApiV2Parameter = OpenApiV2BodyParameter | OpenApiV2PlainParameter;

export interface OpenApiV2Response {
  readonly description: string;
  readonly schema?: OpenApiV2Schema;
}

export interface OpenApiV2Operation {
  readonly tags: readonly string[];
  readonly description: string;
  readonly operationId: string;
  readonly consumes: readonly string[];
  readonly produces: readonly string[];
  readonly schemes: readonly string[];
  readonly parameters: readonly OpenApiV2Parameter[];
  /** By status code. */
  readonly responses: Readonly<Record<string, OpenApiV2Response>>;
  readonly [extension: `x-${string}`]: unknown;
}

export interface OpenApiV2PathItem extends Readonly<Partial<Record<Method, OpenApiV2Operation>>> {
  readonly parameters: readonly OpenApiV2Parameter[];
}

export interface OpenApiV2Document {
  readonly swagger: '2.0';
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Readonly<Record<string, OpenApiV2PathItem>>;
  readonly definitions: Readonly<Record<string, OpenApiV2Schema>>;
}
