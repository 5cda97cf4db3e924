#!/bin/sh
# Generates packages/wire/gen from proto/ (static code: no reflection at run time).
set -eu
cd "$(dirname "$0")/../../.."
mkdir -p packages/wire/gen
node_modules/.bin/pbjs -t static-module -w esm -r flotilla-wire --keep-case --force-long \
  --no-verify --no-delimited --no-typeurl -p proto --dts \
  -o packages/wire/gen/wire.js proto/etcd/*.proto proto/grpc/*.proto proto/flotilla/*.proto
# A 64-bit field is a Long once decoded; an encoder takes a plain number as well.
sed -i.bak 's/?: (Long|null)/?: (Long|number|null)/' packages/wire/gen/wire.d.ts
rm packages/wire/gen/wire.d.ts.bak
