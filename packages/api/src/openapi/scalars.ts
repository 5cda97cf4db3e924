/** How leaves are published: most in place, those of `namedScalars` under a name, which ours share with Kubernetes' documents. */
import type { ScalarType } from '../schema/schema.ts';

type NamedScalar = 'quantity' | 'intOrString' | 'time' | 'microTime';

export const plainScalars = {
  string: { type: 'string' },
  bytes: { type: 'string', format: 'byte' },
  boolean: { type: 'boolean' },
  int32: { type: 'integer', format: 'int32' },
  int64: { type: 'integer', format: 'int64' },
  raw: { type: 'object' },
} as const satisfies Readonly<Record<Exclude<ScalarType, NamedScalar>, object>>;

export interface ScalarDefinition {
  readonly name: string;
  readonly description: string;
  /** What the wire takes for it. */
  readonly types: readonly ('string' | 'number' | 'integer')[];
  readonly format?: string;
}

export const namedScalars: Readonly<Record<NamedScalar, ScalarDefinition>> = {
  quantity: {
    name: 'io.k8s.apimachinery.pkg.api.resource.Quantity',
    description: 'A number with a unit suffix, such as 500m, 64Mi or 1e3.',
    types: ['string', 'number'],
  },
  intOrString: {
    name: 'io.k8s.apimachinery.pkg.util.intstr.IntOrString',
    description: 'A number, or a text such as a percentage or the name of a port.',
    types: ['integer', 'string'],
    format: 'int-or-string',
  },
  time: {
    name: 'io.k8s.apimachinery.pkg.apis.meta.v1.Time',
    description: 'A moment, as in RFC 3339, to the second.',
    types: ['string'],
    format: 'date-time',
  },
  microTime: {
    name: 'io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime',
    description: 'A moment, as in RFC 3339, to the microsecond.',
    types: ['string'],
    format: 'date-time',
  },
};

export function isNamedScalar(type: ScalarType): type is NamedScalar {
  return type in namedScalars;
}
