import t from 'tap'
import { resolveSettings, type SettingInputs } from '../../src/config/resolve.ts'
import { secretText, setting, wholeNumber } from '../../src/config/setting.ts'

const shape = {
  port: setting(wholeNumber({ min: 1, max: 9 }), { group: 'Running', about: 'Port', defaultText: '1' }),
  apiToken: setting(secretText({ lengthMin: 3, lengthMax: 9 }), {
    group: 'Running',
    about: 'Token',
    defaultText: 'none',
    secret: true,
  }),
}

function resolve(inputs: Partial<SettingInputs>) {
  return resolveSettings(shape, {
    flags: {},
    env: {},
    envFile: {},
    readSecretFile: (path) => {
      if (path === '/secret') return 'hidden\n'
      throw new Error('no such file')
    },
    ...inputs,
  })
}

t.test('a flag goes before the environment, that before the .env file, that before the default', async (t) => {
  const envFile = { PARLEY_PORT: '2' }
  const env = { PARLEY_PORT: '3' }
  const flags = { PARLEY_PORT: '4' }
  for (const [inputs, value, source] of [
    [{}, 1, 'default'],
    [{ envFile }, 2, '.env file'],
    [{ envFile, env }, 3, 'environment'],
    [{ envFile, env, flags }, 4, 'flag'],
  ] as const) {
    const { values, sources, problems } = resolve(inputs)
    t.same([values.port, sources.port, problems], [value, source, []])
  }
})

t.test('an empty variable counts as not set; an empty flag does not', async (t) => {
  t.equal(resolve({ env: { PARLEY_PORT: '' } }).sources.port, 'default')
  t.match(resolve({ flags: { PARLEY_PORT: '' } }).problems, [/PARLEY_PORT must be .* not "" \(flag\)/])
})

t.test('all problems come at once, with the value and its place', async (t) => {
  const { problems } = resolve({ env: { PARLEY_PORT: 'x' }, envFile: { PARLEY_API_TOKEN: 'ab' } })
  t.same(problems, [
    'PARLEY_PORT must be a whole number from 1 to 9, not "x" (environment)',
    'PARLEY_API_TOKEN must have 3 to 9 characters (.env file)',
  ])
})

t.test('a secret may stand in a file, whose last newline is left out', async (t) => {
  const { values, sources } = resolve({ env: { PARLEY_API_TOKEN_FILE: '/secret' } })
  t.same([values.apiToken, sources.apiToken], ['hidden', 'environment'])
})

t.test('a secret in both places, and one whose file can not be read, are problems', async (t) => {
  t.match(resolve({ env: { PARLEY_API_TOKEN: 'abc', PARLEY_API_TOKEN_FILE: '/secret' } }).problems, [/both set/])
  t.match(resolve({ env: { PARLEY_API_TOKEN_FILE: '/none' } }).problems, [/\/none can't be read \(no such file\)/])
})

t.test('a nearer place hides the secret file of a farther one', async (t) => {
  const { values, problems } = resolve({
    env: { PARLEY_API_TOKEN: 'near' },
    envFile: { PARLEY_API_TOKEN_FILE: '/none' },
  })
  t.same([values.apiToken, problems], ['near', []])
})

t.test('an unknown name is warned about, with the one that was meant; a flag is refused', async (t) => {
  const known = resolve({
    env: { PARLEY_PROT: '1', PARLEY_PORT_FILE: '/x', OTHER: '1', PARLEY_MINE: '1' },
    otherNames: ['PARLEY_MINE'],
  })
  t.same(known.problems, [])
  t.match(known.warnings, [
    'PARLEY_PORT_FILE is not a setting (environment)',
    'PARLEY_PROT is not a setting (environment); did you mean PARLEY_PORT?',
  ])
  t.match(resolve({ flags: { PARLEY_PROT: '1' } }).problems, [
    /PARLEY_PROT is not a setting \(flag\); did you mean PARLEY_PORT/,
  ])
})
