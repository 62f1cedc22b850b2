// Compiles src, bench and test into build/, and removes outputs whose source is gone, so that no
// deleted test or module lives on. Files stay in place while they are rewritten: a running server
// can still start its worker threads from them.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const require = createRequire(import.meta.url)

let compiler
try {
  compiler = join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc')
} catch {
  console.error('build: the compiler is missing. Run "npm install" in this folder first (without --omit=dev).')
  process.exit(1)
}

const result = spawnSync(process.execPath, [compiler, '-p', join(root, 'tsconfig.json')], { stdio: 'inherit' })
prune('build')
process.exit(result.status ?? 1)

function prune(folder) {
  const absolute = join(root, folder)
  if (!existsSync(absolute)) return
  for (const entry of readdirSync(absolute, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) {
      prune(path)
    } else {
      const source = path.replace(/^build[\\/]/, '').replace(/(\.d\.ts|\.js)(\.map)?$/, '.ts')
      if (!existsSync(join(root, source))) rmSync(join(root, path))
    }
  }
}
