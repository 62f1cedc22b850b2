#!/usr/bin/env node
import { existsSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'

// Before anything is loaded, since loading makes the young generation of this thread's heap grow to 32 MiB, which it keeps
// and soon fills: 12 MiB of memory for nothing, and scavenges that miss the caches. docs/PERFORMANCE.md has the figures.
setFlagsFromString('--semi-space-growth-factor=1')
// Memory of records is given back at once (src/security/release.ts), for which Node 20 needs a flag and later versions none.
if (!('transfer' in ArrayBuffer.prototype)) setFlagsFromString('--harmony-rab-gsab-transfer')

const main = new URL('../build/src/cli/main.js', import.meta.url)
if (!existsSync(main)) {
  console.error('parley: not built yet. In a checkout, run "npm install && npm run build" first.')
  process.exit(1)
}
await import(main.href)
