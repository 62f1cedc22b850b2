import t from 'tap'
import { readPersonCommand } from '../../../src/cli/chat/person-command.ts'

t.test('each form is understood', async (t) => {
  for (const [line, command] of [
    ['', { kind: 'nothing' }],
    ['  hello  you ', { kind: 'say', to: undefined, message: 'hello  you' }],
    ['//etc', { kind: 'say', to: undefined, message: '/etc' }],
    ['@bob hello  you', { kind: 'say', to: 'bob', message: 'hello  you' }],
    ['/to bob hello', { kind: 'say', to: 'bob', message: 'hello' }],
    ['/with bob', { kind: 'with', userId: 'bob' }],
    ['/with @bob', { kind: 'with', userId: 'bob' }],
    ['/with', { kind: 'with', userId: undefined }],
    ['/all hear me', { kind: 'all', message: 'hear me' }],
    ['/who', { kind: 'who', prefix: undefined }],
    ['/who a', { kind: 'who', prefix: 'a' }],
    ['/kick bob', { kind: 'kick', userId: 'bob', banSeconds: undefined, reason: undefined }],
    ['/kick bob 10m spam and more', { kind: 'kick', userId: 'bob', banSeconds: 600, reason: 'spam and more' }],
    ['/kick bob 10 times', { kind: 'kick', userId: 'bob', banSeconds: undefined, reason: '10 times' }],
    ['/kick bob 2d', { kind: 'kick', userId: 'bob', banSeconds: 172_800, reason: undefined }],
    ['/passwd', { kind: 'passwd' }],
    ['/history', { kind: 'history', userId: undefined, limit: undefined }],
    ['/history 30', { kind: 'history', userId: undefined, limit: 30 }],
    ['/history @bob', { kind: 'history', userId: 'bob', limit: undefined }],
    ['/history bob 30', { kind: 'history', userId: 'bob', limit: 30 }],
    ['/keys', { kind: 'keys', userId: undefined }],
    ['/keys @bob', { kind: 'keys', userId: 'bob' }],
    ['/enrol', { kind: 'enrol' }],
    ['/approve', { kind: 'approve', number: undefined }],
    ['/approve 2', { kind: 'approve', number: 2 }],
    ['/revoke ABCD-EFGH', { kind: 'revoke', fingerprint: 'ABCD-EFGH' }],
    ['/safety bob', { kind: 'safety', userId: 'bob', isRight: false }],
    ['/safety @bob ok', { kind: 'safety', userId: 'bob', isRight: true }],
    ['/forget bob', { kind: 'forget', userId: 'bob' }],
    ['/help', { kind: 'help' }],
    ['/quit', { kind: 'quit' }],
  ] as const) {
    t.same(readPersonCommand(line), command, line)
  }
})

t.test('what is not understood says what to type', async (t) => {
  for (const line of [
    '@',
    '@bob',
    '/to',
    '/to bob',
    '/all',
    '/kick',
    '/nonsense',
    '/',
    '/approve x',
    '/revoke',
    '/safety',
    '/safety bob no',
    '/forget',
  ]) {
    t.match(readPersonCommand(line), { kind: 'mistake', problem: /\/|@/ }, line)
  }
})
