import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import t from 'tap'
import { StoreError } from '../../src/mailbox/store-error.ts'
import type { Store } from '../../src/mailbox/store-messages.ts'
import { signApproval, signEnrolment } from '../../src/security/enrolment.ts'
import { publicJwkOf, thumbprintOf } from '../../src/security/jwk.ts'
import { openLocalStore } from '../../src/store/local-store.ts'
import { type KeyApproval, KeyRegistrar, type KeyRequest, type SignaturePool } from '../../src/workers/key-registrar.ts'
import { doSignatureTask } from '../../src/workers/signatures.ts'

const serverThumbprint = `${'S'.repeat(42)}A`
const pairs = Array.from({ length: 3 }, () => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey)
const nonce = 'nonce'
/** Does the work in this thread. */
const pool: SignaturePool = { run: async (_lane, task) => ({ ok: true, value: doSignatureTask(task) }) }
const busy: SignaturePool = { run: async () => ({ ok: false, error: { code: 'server_busy', message: 'No.' } }) }

function pair(index: number): { privateKey: KeyObject; jwk: ReturnType<typeof publicJwkOf>; thumbprint: string } {
  const privateKey = pairs[index]
  if (privateKey === undefined) throw new Error('there are fewer pairs')
  const jwk = publicJwkOf(privateKey)
  return { privateKey, jwk, thumbprint: thumbprintOf(jwk) }
}

function enrolRequest(index: number, changes: { deviceId?: string; approval?: KeyApproval } = {}): KeyRequest {
  const { privateKey, jwk, thumbprint } = pair(index)
  const signature = signEnrolment(privateKey, { userId: 'amy', deviceId: 'd', serverThumbprint, thumbprint, nonce })
  const candidate = { userId: 'amy', deviceId: changes.deviceId ?? 'd', key: jwk, signature }
  return { kind: 'enrol', candidate, nonce, approval: changes.approval }
}

/** The approval of a key by another. */
function approvalOf(index: number, by: number): KeyApproval {
  const { thumbprint } = pair(index)
  const approver = pair(by)
  const signature = signApproval(approver.privateKey, { userId: 'amy', deviceId: 'd', serverThumbprint, thumbprint })
  return { thumbprint: approver.thumbprint, modulus: approver.jwk.n, signature }
}

async function open(t: { testdir(): string; teardown(work: () => void): void }) {
  const store = openLocalStore({ dataDir: t.testdir() })
  t.teardown(() => store.close())
  await store.call('addAccount', { userId: 'amy', passwordHash: 'hash', role: 'user' })
  const faults: unknown[] = []
  const options = {
    store,
    pool,
    serverThumbprint: () => serverThumbprint,
    allowsRs256: false,
    onFault: (_user: string, error: unknown) => faults.push(error),
  }
  return { registrar: new KeyRegistrar(options), options, faults }
}

t.test('a first key, a further one, and its end', async (t) => {
  const { registrar } = await open(t)
  t.match(await registrar.handle(enrolRequest(0)), { kind: 'enrolled', key: { approvedBy: 'first' } })
  t.match(await registrar.handle(enrolRequest(1)), { kind: 'unapproved', thumbprint: pair(1).thumbprint })
  const approval = approvalOf(1, 0)
  t.match(await registrar.handle(enrolRequest(1, { approval })), { kind: 'enrolled' })
  const third = enrolRequest(2)
  if (third.kind !== 'enrol') throw new Error('another request')
  const { candidate } = third
  t.match(await registrar.handle({ kind: 'approve', candidate, approval: 'operator' }), {
    kind: 'enrolled',
    key: { approvedBy: 'operator' },
  })
  const { thumbprint } = pair(1)
  const revoke = { kind: 'revoke', userId: 'amy', thumbprint, by: pair(0).thumbprint } as const
  t.match(await registrar.handle(revoke), { kind: 'revoked', key: { thumbprint, revokedAt: Number } })
  t.match(await registrar.handle(revoke), { kind: 'refused', problem: { code: 'not_allowed' } })
  t.match(await registrar.handle(enrolRequest(1, { approval })), {
    problem: { code: 'not_allowed', message: /revoked/ },
  })
  t.match(await registrar.handle({ kind: 'readLog', userId: 'amy', from: 1 }), {
    kind: 'log',
    entries: [{ server: serverThumbprint }, { approvedBy: 'operator' }, { kind: 'revoke' }],
    more: false,
  })
  t.match(await registrar.handle({ kind: 'readLog', userId: 'bob', from: 0 }), { problem: { code: 'user_unknown' } })
})

t.test('wrong signatures and wrong keys come to nothing', async (t) => {
  const { registrar } = await open(t)
  const codeOf = async (request: KeyRequest): Promise<unknown> => {
    const verdict = await registrar.handle(request)
    return verdict.kind === 'refused' ? verdict.problem.code : verdict.kind
  }
  t.equal(await codeOf(enrolRequest(0, { deviceId: 'other' })), 'bad_signature')
  t.equal(await codeOf(enrolRequest(0, { deviceId: '\ud800' })), 'bad_content')
  const right = enrolRequest(0)
  if (right.kind !== 'enrol') throw new Error('another request')
  t.equal(await codeOf({ ...right, nonce: 'another' }), 'bad_signature')
  t.equal(
    await codeOf({ ...right, candidate: { ...right.candidate, key: { kty: 'RSA', n: 'AQAB', e: 'AQAB' } } }),
    'bad_content',
  )
  t.equal(await codeOf(right), 'enrolled')
  const good = approvalOf(1, 0)
  if (good === 'operator') throw new Error('another approval')
  const wrong: KeyApproval = { ...good, signature: 'AA' }
  t.equal(await codeOf(enrolRequest(1, { approval: wrong })), 'bad_signature')
  t.equal(await codeOf(enrolRequest(1, { approval: approvalOf(1, 2) })), 'not_allowed', 'by a key that is not enrolled')
  const candidate = right.candidate
  t.equal(await codeOf({ kind: 'approve', candidate, approval: wrong }), 'bad_signature')
})

t.test('what can not be done now is said so', async (t) => {
  const { options } = await open(t)
  const withoutPool = new KeyRegistrar({ ...options, pool: busy })
  t.match(await withoutPool.handle(enrolRequest(0)), { problem: { code: 'server_busy' } })
  t.equal(await withoutPool.verify(new Uint8Array()), undefined)
  const faults: unknown[] = []
  for (const [code, expected] of [
    ['storage_full', 'storage_full'],
    ['server_busy', 'server_busy'],
    ['storage_failed', 'storage_failed'],
    ['exists', 'storage_failed'],
  ] as const) {
    const store: Store = { call: () => Promise.reject(new StoreError(code, 'No.')) }
    const failing = new KeyRegistrar({ ...options, store, onFault: (userId) => faults.push(userId) })
    t.match(await failing.handle(enrolRequest(0)), { problem: { code: expected } })
  }
  t.same(faults, ['amy', 'amy'])
})
