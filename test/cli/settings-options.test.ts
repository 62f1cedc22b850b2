import { join } from 'node:path'
import { Command } from 'commander'
import t from 'tap'
import {
  addSettingsOptions,
  findSettings,
  requireSettings,
  type SettingsOptions,
} from '../../src/cli/settings-options.ts'
import { testContext } from './run-cli.ts'

function parse(args: string[]): SettingsOptions {
  const command = addSettingsOptions(new Command(), ['host', 'port', 'wsPort', 'dataDir', 'logLevel'])
  return command.parse(args, { from: 'user' }).opts()
}

t.test('options become settings with the source flag', async (t) => {
  const { settings, sources } = requireSettings(
    testContext({ env: { PARLEY_PORT: '1', PARLEY_HOST: '::1' } }).context,
    parse(['--port', '7800', '--ws-port', '7801', '--set', 'charset=gb18030', '--set', 'PARLEY_POOL_BATCH=8']),
  )
  t.match(settings, { port: 7800, wsPort: 7801, charset: 'gb18030', poolBatch: 8, host: '::1' })
  t.match(sources, { port: 'flag', charset: 'flag', poolBatch: 'flag', host: 'environment' })
})

t.test('a value may hold an equals sign, and a name must come before it', async (t) => {
  t.match(findSettings(testContext().context, parse(['--set', 'DATA_DIR=/a=b'])), { settings: { dataDir: /a=b$/ } })
  t.throws(() => findSettings(testContext().context, parse(['--set', '=x'])), { exitCode: 2, message: /NAME=value/ })
  t.throws(() => findSettings(testContext().context, parse(['--set', 'PORT'])), { message: /./ })
})

t.test('all problems are told at once, with the warnings', async (t) => {
  const { context } = testContext({ env: { PARLEY_HOTS: 'x' } })
  t.throws(() => requireSettings(context, parse(['--port', 'x', '--set', 'POOL_BATCH=0'])), {
    exitCode: 2,
    message: /2 settings are wrong:[\s\S]*PARLEY_PORT[\s\S]*PARLEY_POOL_BATCH[\s\S]*warning: PARLEY_HOTS.*PARLEY_HOST/,
  })
})

t.test('a named file of settings must be there', async (t) => {
  const folder = t.testdir({ good: 'PARLEY_PORT=7900' })
  t.equal(requireSettings(testContext().context, parse(['--env-file', join(folder, 'good')])).settings.port, 7900)
  t.throws(() => requireSettings(testContext().context, parse(['--env-file', join(folder, 'none')])), { message: /./ })
})
