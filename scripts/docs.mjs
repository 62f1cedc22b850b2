// Writes the parts of the documents that come from the code or from other files: what stands between
// "<!-- name: begin -->" and "<!-- name: end -->". `--check` only says whether they are up to date.
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { limits } from '../build/src/config/limits.js'
import { settingsMarkdown } from '../build/src/config/settings-docs.js'
import {
  endToEndExample,
  keysExample,
  recordsExample,
  sealedSessionExample,
  signaturesExample,
} from './worked-examples.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

const client = `\`\`\`python\n${read('examples/python/client.py')}\`\`\`\n`
const blocks = [
  ['README.md', 'settings', settingsMarkdown()],
  ['README.md', 'client.py', client],
  ['docs/protocol.md', 'client.py', client],
  ['docs/protocol.md', 'sealed session', sealedSessionExample()],
  ['docs/protocol.md', 'records', recordsExample()],
  ['docs/protocol.md', 'keys', keysExample()],
  ['docs/protocol.md', 'signatures', signaturesExample()],
  ['docs/protocol.md', 'end to end', endToEndExample()],
  ['docs/LIMITS.md', 'limits', limitsMarkdown()],
]

let stale = 0
for (const [path, name, content] of blocks) {
  const text = read(path)
  const begin = `<!-- ${name}: begin -->\n`
  const end = `<!-- ${name}: end -->`
  const from = text.indexOf(begin)
  const to = text.indexOf(end)
  if (from === -1 || to < from) throw new Error(`${path} has no place for ${name}`)
  const written = `${text.slice(0, from + begin.length)}\n${content}\n${text.slice(to)}`
  if (written === text) continue
  stale++
  if (process.argv.includes('--check'))
    console.error(`docs: ${path}: "${name}" is out of date. Run "node scripts/docs.mjs".`)
  else writeFileSync(join(root, path), written)
}
process.exitCode = process.argv.includes('--check') && stale > 0 ? 1 : 0

function read(path) {
  return readFileSync(join(root, path), 'utf8')
}

/** The fixed limits as a table. */
function limitsMarkdown() {
  const rows = Object.entries(limits).map(
    ([name, { value, unit, reason }]) => `| \`${name}\` | ${value.toLocaleString('en-US')} ${unit} | ${reason} |`,
  )
  return `${['| limit | value | why |', '| --- | --- | --- |', ...rows].join('\n')}\n`
}
