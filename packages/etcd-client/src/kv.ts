/** The KV service. */
import type { Caller } from './caller.ts';
import {
  deleteRangeRequestToWire,
  integer,
  isReadOnly,
  putRequestToWire,
  rangeRequestToWire,
  txnRequestToWire,
} from './kv-requests.ts';
import { deleteRangeResponseOf, putResponseOf, rangeResponseOf, txnResponseOf } from './kv-responses.ts';
import type { Kv } from './kv-shapes.ts';
import { headerOf } from './header.ts';

export function createKv(caller: Caller): Kv {
  return {
    async range(request, limits) {
      const wire = rangeRequestToWire(request);
      const response = await caller.call({
        repeatable: true,
        needsLeader: request.serializable !== true,
        limits,
        attempt: (endpoint, options) => endpoint.kv.Range(wire, options),
      });
      return rangeResponseOf(response);
    },
    async put(request, limits) {
      const wire = putRequestToWire(request);
      const response = await caller.call({
        repeatable: false,
        needsLeader: true,
        limits,
        attempt: (endpoint, options) => endpoint.kv.Put(wire, options),
      });
      return putResponseOf(response);
    },
    async deleteRange(request, limits) {
      const wire = deleteRangeRequestToWire(request);
      const response = await caller.call({
        repeatable: false,
        needsLeader: true,
        limits,
        attempt: (endpoint, options) => endpoint.kv.DeleteRange(wire, options),
      });
      return deleteRangeResponseOf(response);
    },
    async txn(request, limits) {
      const wire = txnRequestToWire(request);
      const response = await caller.call({
        repeatable: isReadOnly(request),
        needsLeader: true,
        limits,
        attempt: (endpoint, options) => endpoint.kv.Txn(wire, options),
      });
      return txnResponseOf(response);
    },
    async compact(request, limits) {
      const wire = { revision: integer(request.revision), physical: request.physical ?? null };
      const response = await caller.call({
        repeatable: false,
        needsLeader: true,
        limits,
        attempt: (endpoint, options) => endpoint.kv.Compact(wire, options),
      });
      return { header: headerOf(response.header) };
    },
  };
}
