#!/bin/sh
# Bundles the compiled command into packages/cli/dist/bundle: a process loads a few files instead of hundreds, which takes a
# third of the time, and a cluster on a laptop is fifteen processes. Each component is a chunk of its own; the thread that writes
# the files of a brain is an entry of its own, found by name beside the chunks. So is what others import from the package:
# `flotilla/brain`.
set -eu
cd "$(dirname "$0")/../../.."
out=packages/cli/dist/bundle
rm -rf "$out.new"
# Threads are entry points of their own: they are loaded from beside the chunk that starts them.
# Left out: native add-ons that find their binaries beside them, and X.509, which depends on the order in which it is loaded.
node_modules/.bin/esbuild main=packages/cli/dist/main.js \
  brain=packages/brain/dist/embedded/start-brain.js file-thread=packages/brain/dist/log/file-thread.js \
  bcrypt-thread=packages/brain/dist/auth/bcrypt-thread.js --bundle --splitting --format=esm --platform=node --target=node20 \
  --define:process.env.MSGPACKR_NATIVE_ACCELERATION_DISABLED='"true"' --alias:node:http=./packages/cli/scripts/node-http.cjs --external:classic-level --external:msgpackr-extract --external:@peculiar/x509 --external:reflect-metadata \
  --banner:js="import{createRequire as bundleRequire}from'node:module';const require=bundleRequire(import.meta.url);" \
  --minify-whitespace --minify-syntax --log-level=warning --outdir="$out.new"
rm -rf "$out"
mv "$out.new" "$out"
