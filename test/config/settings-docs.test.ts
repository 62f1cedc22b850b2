import t from 'tap'
import { secretText, setting } from '../../src/config/setting.ts'
import { variableOf } from '../../src/config/setting-names.ts'
import { settingsShape } from '../../src/config/settings.ts'
import { printedSettings, settingsHelp, settingsMarkdown } from '../../src/config/settings-docs.ts'

t.test('the table has a row of four cells for every setting', async (t) => {
  const lines = settingsMarkdown().trimEnd().split('\n')
  for (const line of lines) t.equal(line.replaceAll('\\|', '').split('|').length, 6, line)
  for (const property of Object.keys(settingsShape)) {
    t.equal(lines.filter((line) => line.startsWith(`| \`${variableOf(property)}\` |`)).length, 1, property)
  }
})

t.test('the table does not depend on the machine', async (t) => {
  t.match(settingsMarkdown(), '| `PARLEY_POOL_MAX_THREADS` | number of cores, 2–16 |')
})

t.test('the help names every setting', async (t) => {
  for (const property of Object.keys(settingsShape)) t.match(settingsHelp(), variableOf(property))
})

t.test('values are printed as they could be set again, and secrets are not', async (t) => {
  const shape = {
    startByte: settingsShape.startByte,
    wsOrigins: settingsShape.wsOrigins,
    selfRegistration: settingsShape.selfRegistration,
    apiToken: setting(secretText({ lengthMin: 1, lengthMax: 9 }), {
      group: 'Running',
      about: 'Token',
      defaultText: '',
      secret: true,
    }),
  }
  const printed = printedSettings(
    shape,
    { startByte: 2, wsOrigins: ['https://a.example', 'https://b.example'], selfRegistration: true, apiToken: 'hidden' },
    { startByte: 'default', wsOrigins: 'environment', selfRegistration: 'flag', apiToken: '.env file' },
  )
  t.same(printed, [
    { variable: 'PARLEY_START_BYTE', value: '0x02', source: 'default' },
    { variable: 'PARLEY_WS_ORIGINS', value: 'https://a.example,https://b.example', source: 'environment' },
    { variable: 'PARLEY_SELF_REGISTRATION', value: 'on', source: 'flag' },
    { variable: 'PARLEY_API_TOKEN', value: '[set]', source: '.env file' },
  ])
  const { wechatToken } = settingsShape
  const off = printedSettings({ wechatToken }, { wechatToken: undefined }, { wechatToken: 'default' })
  t.same(off, [{ variable: 'PARLEY_WECHAT_TOKEN', value: '', source: 'default' }], 'what is off does not look set')
})
