/** Keeps the shape of the project: who imports whom, what stands where, and that the documents name what exists. */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, normalize, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { variableOf } from '../src/config/setting-names.ts'
import { settingsShape } from '../src/config/settings.ts'
import { entities } from '../src/protocol/entities/index.ts'
import { errors } from '../src/protocol/errors.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

interface SourceFile {
  /** From the root, with slashes: `src/store/accounts.ts`. */
  readonly path: string
  /** The folder directly under `src`. */
  readonly folder: string
  readonly text: string
  /** The text without comments. */
  readonly code: string
  /** What it imports or re-exports, as written. */
  readonly imports: readonly string[]
  /** The same without `import type`, which is gone when the code runs. */
  readonly runtimeImports: readonly string[]
}

const sources: readonly SourceFile[] = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .sort()
  .map((path) => {
    const text = readFileSync(join(root, 'src', path), 'utf8')
    const code = withoutComments(text)
    return {
      path: `src/${path.split(sep).join('/')}`,
      folder: path.split(sep)[0] ?? '',
      text,
      code,
      imports: importsOf(code),
      runtimeImports: importsOf(code.replace(/\b(import|export) type\b[^'"`;]*?from\s*['"][^'"]+['"]/g, '')),
    }
  })

/** What each folder may import of the others in `src`. A folder that is missing here fails the test. */
const mayImport: Readonly<Record<string, readonly string[] | 'all but cli'>> = {
  protocol: [],
  security: ['protocol'],
  mailbox: ['protocol'],
  config: ['protocol'],
  acceptor: ['protocol', 'security', 'mailbox', 'config'],
  workers: ['protocol', 'security', 'mailbox', 'config'],
  router: ['protocol', 'security', 'mailbox', 'config'],
  store: ['protocol', 'security', 'mailbox', 'config'],
  client: ['protocol', 'security'],
  server: ['protocol', 'security', 'mailbox', 'config', 'acceptor', 'workers', 'router', 'store'],
  cli: 'all but cli',
  admin: 'all but cli',
}

/** Packages and built-ins that only some folders may import. */
const importers: Readonly<Record<string, readonly string[]>> = {
  piscina: ['workers'],
  libsql: ['store'],
  commander: ['cli'],
}

const threadAndProtocolFolders = ['protocol', 'mailbox', 'acceptor', 'workers', 'router', 'store']

t.test('imports of every form are seen, and comments are not', async (t) => {
  const text = [
    "import { a } from './a.ts'",
    "import type { b } from './b.ts'",
    'import {',
    '  c,',
    "} from './c.ts'",
    "export * from './d.ts'",
    "import './e.ts'",
    "const f = await import('./f.ts')",
    "new Worker(new URL('./g.worker.ts', import.meta.url))",
    "// import { h } from './h.ts'",
    "/** import { i } from './i.ts' */",
  ].join('\n')
  const found = importsOf(withoutComments(text)).sort()
  t.strictSame(found, ['./a.ts', './b.ts', './c.ts', './d.ts', './e.ts', './f.ts', './g.worker.ts'])
})

t.test('each folder imports only the folders that it may', async (t) => {
  t.ok(sources.length > 0)
  for (const { path, folder, imports } of sources) {
    const allowed = mayImport[folder]
    if (allowed === undefined) {
      t.fail(`${path}: src/${folder} is not in the table of folders`)
      continue
    }
    for (const specifier of imports) {
      const target = targetOf(path, specifier)
      if (target === undefined) continue
      const [top, targetFolder = ''] = target.split('/')
      if (top !== 'src') t.fail(`${path} imports ${target}, which is outside src`)
      else if (targetFolder === folder) continue
      else if (targetFolder === 'cli') t.fail(`${path} imports ${target}: nobody imports cli`)
      else if (allowed !== 'all but cli' && !allowed.includes(targetFolder)) {
        t.fail(`${path} imports ${target}: ${folder} may not import ${targetFolder}`)
      }
    }
  }
})

t.test('some packages have one place', async (t) => {
  t.ok(Object.keys(importers).every((name) => sources.some(({ imports }) => imports.includes(name))))
  for (const { path, folder, imports } of sources) {
    for (const specifier of imports) {
      const folders = importers[specifier]
      if (folders !== undefined && !folders.includes(folder)) t.fail(`${path} imports ${specifier}`)
    }
  }
})

t.test('the protocol is pure: no sockets, threads, logs, timers or clock', async (t) => {
  const forbiddenImports = /^(node:(net|tls|http|fs|worker_threads|timers|timers\/promises|perf_hooks)|pino|ws)$/
  const forbiddenCalls =
    /\b(Date\.now|new Date\(\)|performance\.now|setTimeout|setInterval|setImmediate|Math\.random|process\.)/
  for (const { path, imports, code } of sources.filter(({ folder }) => folder === 'protocol')) {
    for (const specifier of imports) t.notMatch(specifier, forbiddenImports, `${path} imports ${specifier}`)
    t.notMatch(code, forbiddenCalls, `${path} has no clock, timer or process`)
  }
})

t.test('only cli touches the process: exit, environment, signals', async (t) => {
  for (const { path, folder, code } of sources) {
    if (folder === 'cli') continue
    const found = /\bprocess\.(exit\b|exitCode|env|on\b|once|kill|argv|stdin)/.exec(code)?.[0]
    t.equal(found, undefined, `${path} leaves the process alone`)
  }
})

t.test('there are no import cycles', async (t) => {
  const graph = new Map(
    sources.map(({ path, runtimeImports }) => [
      path,
      runtimeImports.map((specifier) => targetOf(path, specifier)).filter((target) => target !== undefined),
    ]),
  )
  t.strictSame(firstCycle(graph), undefined)
})

t.test('every file begins with a comment that says what it is', async (t) => {
  for (const { path, text } of sources) t.match(text, /^(#!.*\n)?\/(\*\*|\/)/, path)
})

t.test('a folder with a thread or a protocol has a README', async (t) => {
  for (const folder of threadAndProtocolFolders) {
    if (!sources.some((source) => source.folder === folder)) continue
    t.ok(existsSync(join(root, 'src', folder, 'README.md')), `src/${folder}/README.md`)
  }
})

t.test('every source file has a test of its name', async (t) => {
  for (const { path, code } of sources) {
    if (/(^|\/)(index|main|types)\.ts$|\.worker\.ts$|-messages\.ts$/.test(path)) continue
    // A file that exports only types has nothing to run.
    if (!/^export (async )?(function|const|class|let)\b/m.test(code)) continue
    const test = path.replace(/^src\//, 'test/').replace(/\.ts$/, '.test.ts')
    t.ok(existsSync(join(root, test)) || isCovered(path), `${path} has no ${test}`)
  }
})

t.test('docs/protocol.md has a row for every error code, as the code has it', async (t) => {
  const rows = new Map(
    [...read('docs/protocol.md').matchAll(/^\| `([a-z_]+)` \| (message|connection) \| (yes|no) \|/gm)].map(
      ([, code = '', scope, again]) => [code, { scope, retryable: again === 'yes' }],
    ),
  )
  for (const [code, { scope, retryable }] of Object.entries(errors))
    t.strictSame(rows.get(code), { scope, retryable }, code)
  t.strictSame(
    [...rows.keys()].filter((code) => !Object.hasOwn(errors, code)),
    [],
    'rows without a code',
  )
})

t.test('docs/protocol.md has a section for every message type', async (t) => {
  const text = read('docs/protocol.md')
  for (const type of entities.keys()) t.ok(text.includes(`\`${type}\``) || text.includes(`### ${type}`), type)
})

t.test('the parts of the documents that come from the code are up to date', async (t) => {
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'scripts/docs.mjs'), '--check'], {
    encoding: 'utf8',
  })
  t.equal(status, 0, stderr)
})

t.test('links between the documents lead somewhere', async (t) => {
  for (const document of documents()) {
    for (const [, link = ''] of read(document).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)) {
      if (/^[a-z]+:/.test(link)) continue
      t.ok(existsSync(join(root, dirname(document), link)), `${document}: ${link}`)
    }
  }
})

t.test('the documents name only settings and files that exist', async (t) => {
  const known = new Set(Object.keys(settingsShape).map(variableOf))
  for (const [name, { meta }] of Object.entries(settingsShape)) if (meta.secret) known.add(`${variableOf(name)}_FILE`)
  for (const document of documents()) {
    const text = read(document)
    for (const [variable] of text.matchAll(/\bPARLEY_[A-Z0-9_]*[A-Z0-9]\b/g))
      t.ok(known.has(variable), `${document}: ${variable}`)
    for (const [path] of text.matchAll(/(?<!build\/)\b(src|test|scripts|examples|bench|docs)\/[\w./-]+\.\w+/g)) {
      t.ok(existsSync(join(root, path)), `${document}: ${path}`)
    }
  }
})

/** Files that are tested together with another one, and which. */
const testedWith: Readonly<Record<string, string>> = {
  'src/cli/commands/chat.ts': 'test/cli/chat/chat.test.ts',
  'src/cli/commands/config-check.ts': 'test/cli/commands/config.test.ts',
  'src/cli/commands/config-docs.ts': 'test/cli/commands/config.test.ts',
  'src/cli/commands/config-print.ts': 'test/cli/commands/config.test.ts',
  'src/cli/context.ts': 'test/cli/program.test.ts',
  'src/cli/help.ts': 'test/cli/program.test.ts',
  'src/cli/server-access.ts': 'test/cli/commands/who.test.ts',
}

function isCovered(path: string): boolean {
  // The entities are one table, and are tested as one.
  if (path.startsWith('src/protocol/entities/')) return true
  const test = testedWith[path]
  return test !== undefined && existsSync(join(root, test))
}

function read(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}

function documents(): string[] {
  const markdown = (folder: string): string[] =>
    existsSync(join(root, folder))
      ? readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
          .filter((path) => path.endsWith('.md'))
          .map((path) => join(folder, path))
      : []
  return [
    ...readdirSync(root).filter((path) => path.endsWith('.md') && statSync(join(root, path)).isFile()),
    ...markdown('docs'),
    ...markdown('src'),
    ...markdown('examples'),
  ]
}

/** Good enough for this code: no comment signs inside strings but `//` after a colon. */
function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|[^:'"`\\])\/\/.*$/gm, '$1')
}

function importsOf(code: string): string[] {
  const statements = code.matchAll(/(?:^|\n|;)\s*(?:import|export)\b[^'"`;]*?from\s*['"]([^'"]+)['"]/g)
  const bare = code.matchAll(/(?:^|\n|;)\s*import\s*['"]([^'"]+)['"]/g)
  const dynamic = code.matchAll(/\bimport\(\s*['"]([^'"]+)['"]/g)
  const urls = code.matchAll(/new URL\(\s*['"](\.[^'"]+)['"]\s*,\s*import\.meta\.url/g)
  return [...statements, ...bare, ...dynamic, ...urls].map(([, specifier = '']) => specifier)
}

/** The file from the root that a relative import names; nothing for packages and built-ins. */
function targetOf(path: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined
  return normalize(join(dirname(path), specifier))
    .split(sep)
    .join('/')
}

function firstCycle(graph: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const done = new Set<string>()
  const visit = (path: string, trail: readonly string[]): string[] | undefined => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path]
    if (done.has(path)) return undefined
    for (const target of graph.get(path) ?? []) {
      const cycle = visit(target, [...trail, path])
      if (cycle !== undefined) return cycle
    }
    done.add(path)
    return undefined
  }
  for (const path of graph.keys()) {
    const cycle = visit(path, [])
    if (cycle !== undefined) return cycle
  }
  return undefined
}
