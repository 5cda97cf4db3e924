#!/bin/sh
# Generates packages/wire/gen from proto/: static code without reflection or conversions, minified. Every process
# loads wire.js, and nobody reads it; openapi.js is loaded only by those who write that format.
set -eu
cd "$(dirname "$0")/../../.."
mkdir -p packages/wire/gen

# generate NAME FILE…
generate() {
  out=packages/wire/gen/$1
  root=flotilla-$1
  shift
  node_modules/.bin/pbjs -t static-module -w esm -r "$root" --keep-case --force-long \
    --no-verify --no-delimited --no-typeurl --no-convert -p proto --dts -o "$out.js" "$@"
  node_modules/.bin/esbuild "$out.js" --minify --allow-overwrite --log-level=warning --outfile="$out.js"
  # A 64-bit field is a Long once decoded; an encoder takes a plain number as well.
  sed -i.bak 's/?: (Long|null)/?: (Long|number|null)/' "$out.d.ts"
  rm "$out.d.ts.bak"
}

# What messages and services consist of, as data: the JSON form of messages is made from it.
{
  printf 'export const descriptor = '
  node_modules/.bin/pbjs -t json --keep-case -p proto proto/etcd/*.proto
} >packages/wire/gen/descriptor.js
printf 'export declare const descriptor: unknown;\n' >packages/wire/gen/descriptor.d.ts

generate wire proto/etcd/*.proto proto/grpc/*.proto proto/flotilla/*.proto
generate openapi proto/openapi/*.proto
