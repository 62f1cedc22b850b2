#!/usr/bin/env node
import { existsSync } from 'node:fs'

const main = new URL('../build/src/cli/main.js', import.meta.url)
if (!existsSync(main)) {
  console.error('parley: not built yet. In a checkout, run "npm install && npm run build" first.')
  process.exit(1)
}
await import(main.href)
