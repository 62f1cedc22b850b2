import t from 'tap'
import { readImport } from '../../src/cli/import-lines.ts'

const hash = `$argon2id$v=19$m=19456,t=2,p=1$${'A'.repeat(22)}$${'A'.repeat(43)}`

t.test('accounts come with a password or a hash, and a role', async (t) => {
  const text = [
    '{"UserId":"alice","Password":"long enough"}',
    '',
    `{"UserId":"张伟","PasswordHash":"${hash}","Role":"operator"}\r`,
    '{"UserId":"__proto__","Password":"long enough","Role":"user"}',
  ].join('\n')
  t.same(readImport(text), {
    accounts: [
      { userId: 'alice', role: 'user', secret: { kind: 'password', text: 'long enough' } },
      { userId: '张伟', role: 'operator', secret: { kind: 'hash', text: hash } },
      { userId: '__proto__', role: 'user', secret: { kind: 'password', text: 'long enough' } },
    ],
    faults: [],
  })
})

t.test('every fault is named with its line, and no password is', async (t) => {
  const lines: [string, RegExp][] = [
    ['nonsense', /not JSON/],
    ['[1]', /not a JSON object/],
    ['{"Password":"hunter22"}', /UserId is missing/],
    ['{"UserId":"a b","Password":"hunter22"}', /UserId: a UserId must not/],
    ['{"UserId":"a"}', /either Password or PasswordHash/],
    [`{"UserId":"a","Password":"hunter22","PasswordHash":"${hash}"}`, /either Password or PasswordHash/],
    ['{"UserId":"a","Password":"hunter2"}', /at least 8/],
    ['{"UserId":"a","Password":12345678}', /must be a text/],
    ['{"UserId":"a","PasswordHash":"hunter22"}', /argon2id/],
    [`{"UserId":"a","PasswordHash":"${hash.replace('19456', '9999999')}"}`, /of a cost/],
    ['{"UserId":"a","Password":"hunter22","Role":"king"}', /Role must be/],
    ['{"userid":"a","Password":"hunter22"}', /has the field "userid"/],
    ['{"UserId":"a","Password":"hunter22","__proto__":1}', /has the field "__proto__"/],
  ]
  const { faults } = readImport(lines.map(([line]) => line).join('\n'))
  t.equal(faults.length, lines.length)
  lines.forEach(([line, pattern], index) => {
    t.match(faults[index], pattern, line)
    t.ok(faults[index]?.startsWith(`line ${index + 1}: `))
    t.notMatch(faults[index], /hunter/)
  })
})

t.test('a name may come only once', async (t) => {
  const line = '{"UserId":"alice","Password":"long enough"}'
  t.same(readImport(`${line}\n\n${line}`).faults, ['line 3: alice is in line 1 already'])
})
