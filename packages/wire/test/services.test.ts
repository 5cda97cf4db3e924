import { readFileSync, readdirSync } from 'node:fs';
import t from 'tap';
import * as wire from '@flotilla/wire';

const protoRoot = new URL('../../../proto/', import.meta.url);

/** `package.Service/Method kind` of every rpc line under proto/. */
function methodsOfProtoFiles(): string[] {
  const methods: string[] = [];
  for (const folder of readdirSync(protoRoot)) {
    for (const file of readdirSync(new URL(`${folder}/`, protoRoot))) {
      methods.push(...methodsOf(readFileSync(new URL(`${folder}/${file}`, protoRoot), 'utf8')));
    }
  }
  return methods.sort();
}

function methodsOf(proto: string): string[] {
  const packageName = /^package ([\w.]+);/m.exec(proto)?.[1] ?? '';
  const methods: string[] = [];
  let service = '';
  for (const line of proto.split('\n')) {
    service = /^service (\w+)/.exec(line)?.[1] ?? service;
    const rpc = /rpc (\w+)\((stream )?[\w.]+\) returns \((stream )?/.exec(line);
    if (!rpc) continue;
    const kind = rpc[2] !== undefined ? 'bidi' : rpc[3] !== undefined ? 'serverStream' : 'unary';
    methods.push(`/${packageName}.${service}/${rpc[1]} ${kind}`);
  }
  return methods;
}

t.test('the service tables hold exactly the methods of the .proto files', (t) => {
  const tables: Record<string, { path: string; kind: string }>[] = [
    wire.authService,
    wire.clusterService,
    wire.electionService,
    wire.flotillaElectionService,
    wire.flotillaLeaseService,
    wire.healthService,
    wire.kvService,
    wire.leaseService,
    wire.lockService,
    wire.maintenanceService,
    wire.resourcesService,
    wire.watchService,
  ];
  const methods = tables.flatMap((table) => Object.values(table).map(({ path, kind }) => `${path} ${kind}`));
  t.same(methods.sort(), methodsOfProtoFiles());
  t.end();
});
