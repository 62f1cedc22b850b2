import { readFileSync } from 'node:fs'
import t from 'tap'
import * as door from '../../src/client/index.ts'

t.test('the door has what applications need and nothing else', async (t) => {
  t.same(Object.keys(door).sort(), ['ParleyError', 'connect', 'optionDefaults'])
})

t.test('a page can load the client: nothing of Node and no package is imported before it is needed', async (t) => {
  const seen = new Set<string>()
  const visit = (url: URL): void => {
    if (seen.has(url.href)) return
    seen.add(url.href)
    const code = readFileSync(url, 'utf8')
    for (const match of code.matchAll(/^(?:import|export\s*[{*]).*?from '([^']+)'|^import '([^']+)'/gms)) {
      const specifier = match[1] ?? match[2] ?? ''
      if (specifier.startsWith('.')) visit(new URL(specifier, url))
      else t.fail(`${url.pathname} imports ${specifier}`)
    }
    if (/\bBuffer\b/.test(code.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, ''))) t.fail(`${url.pathname} needs Buffer`)
  }
  visit(new URL('../../src/client/index.js', import.meta.url))
  t.ok(seen.size > 10, `${seen.size} modules`)
  t.notOk([...seen].some((href) => href.endsWith('/tcp-transport.js')))
})
