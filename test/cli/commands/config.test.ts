import { join } from 'node:path'
import t from 'tap'
import { settingsMarkdown } from '../../../src/config/settings-docs.ts'
import { runHere } from '../run-cli.ts'

t.test('check says that settings are right, and warns', async (t) => {
  t.match(await runHere(['config', 'check', '--port', '7800'], { env: { PARLEY_NEW_THING: '1' } }), {
    exitCode: 0,
    stdout: /^The settings are right: 1 given/,
    stderr: /warning: PARLEY_NEW_THING is not a setting/,
  })
})

t.test('check tells all faults at once and ends with 2', async (t) => {
  const file = join(t.testdir({ env: 'PARLEY_CHARSET=latin1\n' }), 'env')
  t.match(await runHere(['config', 'check', '--env-file', file, '--set', 'PROT=1'], { env: { PARLEY_PORT: '-1' } }), {
    exitCode: 2,
    stdout: '',
    stderr: /3 settings are wrong:\n.*PARLEY_PORT.*\n.*PARLEY_CHARSET.*\n.*PARLEY_PROT.*did you mean PARLEY_PORT/,
  })
})

t.test('print shows each value and where it came from', async (t) => {
  const env = { PARLEY_PORT: '7800' }
  t.match(await runHere(['config', 'print', '--set', 'START_BYTE=1'], { env }), {
    exitCode: 0,
    stdout: /PARLEY_PORT +7800 +environment\n[\s\S]*PARLEY_START_BYTE +0x01 +flag\nPARLEY_END_BYTE +0x03 +default\n/,
  })
  const json = JSON.parse((await runHere(['config', 'print', '--json'], { env })).stdout)
  t.same(json.PARLEY_PORT, { value: '7800', source: 'environment' })
  t.same(json.PARLEY_WS_ORIGINS, { value: '', source: 'default' })
})

t.test('docs are the table of the documentation', async (t) => {
  t.match(await runHere(['config', 'docs']), { exitCode: 0, stdout: settingsMarkdown() })
})
