import fc from 'fast-check'
import t from 'tap'
import type { RouterEffect } from '../../src/router/events.ts'
import { accepted, closedBy, ofKind, RouterWorld, saidTo } from './router-world.ts'

const ann = 1
const bob = 2

/** Ann, with a key, and bob. */
function world(options: ConstructorParameters<typeof RouterWorld>[0] = {}): RouterWorld {
  const made = new RouterWorld({ pendingReceiptsMax: 1000, ...options })
  made.authenticate(ann, { UserId: 'ann', Password: 'password' })
  made.verdict(ann, { ...accepted('ann', 'operator'), keys: [['key', 'modulus']] } as ReturnType<typeof accepted>)
  made.login(bob, 'bob')
  return made
}

interface Text {
  readonly text: string
  readonly callbackId?: string
  readonly id?: string
  readonly key?: string
}

function relaySigned(on: RouterWorld, texts: readonly Text[], to = 'bob'): RouterEffect[] {
  const frames = texts.map(({ text }) => Buffer.from(`\u0002${bodyOf(text)}\u0003`))
  const time = Math.floor(on.now / 1000)
  return on.step({
    kind: 'relaySigned',
    connection: ann,
    to,
    items: texts.map(({ text, callbackId, id = text, key = 'key' }, index) => ({
      callbackId,
      id,
      time,
      key,
      byteCount: frames[index]?.length ?? 0,
    })),
    frames: Buffer.concat(frames),
    bundle: Buffer.from('bundle'),
  })
}

function bodyOf(text: string): string {
  return JSON.stringify({ MsgType: 'Text', Content: JSON.stringify({ text }) })
}

function bundleIn(effects: readonly RouterEffect[]): number {
  const bundle = ofKind(effects, 'verify')[0]?.bundle
  if (bundle === undefined) throw new Error('nothing is to be verified')
  return bundle
}

function verified(on: RouterWorld, bundle: number, verdicts: readonly number[] | undefined): RouterEffect[] {
  return on.step({ kind: 'verified', bundle, verdicts: verdicts && Uint8Array.from(verdicts) })
}

function texts(effects: readonly RouterEffect[]): unknown[] {
  return saidTo(effects, bob).map(({ content }) => content['text'])
}

function answers(effects: readonly RouterEffect[]): unknown[] {
  return saidTo(effects, ann).map(({ callbackId, content }) => [callbackId, content['Code'], content['Detail']])
}

function told(effects: readonly RouterEffect[]): unknown[] {
  return ofKind(effects, 'send').flatMap(({ message }) =>
    message.kind === 'verified' ? [{ count: message.count, refused: message.refused }] : [],
  )
}

t.test('signed messages go on when they were checked, and what is bad is refused between them', async (t) => {
  const on = world()
  const effects = relaySigned(on, [
    { text: 'a', callbackId: 'ca' },
    { text: 'b', callbackId: 'cb' },
    { text: 'c' },
    { text: 'd' },
    { text: 'e' },
  ])
  t.strictSame(texts(effects), [])
  const after = verified(on, bundleIn(effects), [1, 0, 0, 0, 1])
  t.strictSame(texts(after), ['a', 'e'])
  t.strictSame(answers(after), [
    ['cb', 'bad_signature', undefined],
    [undefined, 'bad_signature', { ToUserId: 'bob', Count: 2 }],
  ])
  t.strictSame(told(after), [{ count: 1, refused: { bad_signature: 3 } }])
  t.same(on.state.bundles.size + on.state.heldBytes, 0)
})

t.test('a repeat is refused, whenever it comes', async (t) => {
  const on = world()
  const first = relaySigned(on, [{ text: 'a' }, { text: 'again', id: 'a' }])
  t.strictSame(texts(verified(on, bundleIn(first), [1, 1])), ['a'])
  on.now += 200_000
  const second = relaySigned(on, [{ text: 'late', id: 'a' }])
  t.strictSame(told(verified(on, bundleIn(second), [1])), [{ count: 1, refused: { replayed: 1 } }])
  const bad = relaySigned(on, [{ text: 'b' }])
  verified(on, bundleIn(bad), [0])
  t.strictSame(texts(verified(on, bundleIn(relaySigned(on, [{ text: 'b' }])), [1])), ['b'], 'what was bad spends no id')
})

t.test('without a verdict there is too much to do', async (t) => {
  const on = world()
  const after = verified(on, bundleIn(relaySigned(on, [{ text: 'a', callbackId: 'c' }])), undefined)
  t.strictSame(answers(after), [['c', 'server_busy', undefined]])
})

t.test('a key that was revoked meanwhile counts no more', async (t) => {
  const on = world()
  const bundle = bundleIn(relaySigned(on, [{ text: 'a', callbackId: 'c' }]))
  const key = { thumbprint: 'key', key: { kty: 'RSA', n: 'modulus', e: 'AQAB' }, deviceId: 'd' } as const
  const revoked = { ...key, enrolledAt: 0, approvedBy: 'first', revokedAt: 1 }
  on.step({ kind: 'keysRevoked', userId: 'ann', keys: [revoked] })
  t.strictSame(answers(verified(on, bundle, [1])), [['c', 'bad_signature', undefined]])
})

t.test('a session that has ended is owed nothing', async (t) => {
  const on = world()
  const bundle = bundleIn(relaySigned(on, [{ text: 'a' }]))
  on.relay(ann, 'bob')
  on.closed(ann)
  t.equal(on.state.heldBytes, 0)
  t.strictSame(verified(on, bundle, [1]), [])
  t.strictSame(verified(on, 99, [1]), [], 'nor is a bundle that nobody knows')
})

t.test('an operator who ends the own session ends what came after', async (t) => {
  const on = world()
  const bundle = bundleIn(relaySigned(on, [{ text: 'a' }]))
  on.request(ann, 'KickRequest', { UserId: 'ann' }, 'k')
  on.relay(ann, 'bob', undefined, bodyOf('after'))
  const after = verified(on, bundle, [1])
  t.strictSame(texts(after), ['a'])
  t.strictSame(closedBy(after), [{ connection: ann, reason: 'kicked' }])
  t.equal(on.state.heldBytes, 0)
})

t.test('a signed request counts when it was checked', async (t) => {
  for (const [verdict, code] of [
    [1, undefined],
    [0, 'bad_signature'],
  ] as const) {
    const on = world()
    const effects = on.step({
      kind: 'request',
      connection: ann,
      type: 'KickRequest',
      callbackId: 'k',
      content: JSON.stringify({ UserId: 'bob' }),
      frame: undefined,
      signed: { id: 'i', time: Math.floor(on.now / 1000), key: 'key' },
      bundle: Buffer.from('bundle'),
    })
    const after = verified(on, bundleIn(effects), [verdict])
    t.strictSame(answers(after), [['k', code, undefined]])
    t.equal(closedBy(after).length, verdict)
  }
})

t.test('where nothing more may wait, what comes is refused, in its turn', async (t) => {
  const on = world({ heldBytesMax: 100 })
  const first = bundleIn(relaySigned(on, [{ text: 'a' }]))
  t.match(answers(on.relay(ann, 'bob', 'c1', 'x'.repeat(200))), [['c1', 'server_busy']])
  t.match(answers(on.request(ann, 'CommonRequest', { Data: 'x'.repeat(200) }, 'c2')), [['c2', 'server_busy']])
  const second = relaySigned(on, [{ text: 'x'.repeat(200), callbackId: 'c3' }])
  t.strictSame(answers(second), [], 'a signed one waits for those before it')
  const after = verified(on, first, [1])
  t.strictSame(texts(after), ['a'])
  t.match(answers(after), [['c3', 'server_busy']])
  t.match(told(after), [{ count: 2 }])
})

t.test('whatever is signed or not and however late verdicts come, messages keep their order', async (t) => {
  const action = fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constant('signed' as const), count: fc.integer({ min: 1, max: 4 }) }),
    },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('plain' as const) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('request' as const) }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('verdict' as const), which: fc.nat() }) },
  )
  fc.assert(
    fc.property(fc.array(action, { maxLength: 40 }), (actions) => {
      const on = world()
      const open: { bundle: number; count: number }[] = []
      const got: unknown[] = []
      let sent = 0
      let asked = 0
      let answered = 0
      let begun = 0
      let decided = 0
      const take = (effects: readonly RouterEffect[]): void => {
        got.push(...texts(effects))
        answered += saidTo(effects, ann).filter(({ type }) => type === 'UserListResponse').length
        for (const { count } of told(effects) as { count: number }[]) decided += count
      }
      const decide = (which: number): void => {
        const [one] = open.splice(which % open.length, 1)
        if (one !== undefined) take(verified(on, one.bundle, new Array<number>(one.count).fill(1)))
      }
      for (const one of actions) {
        if (one.kind === 'signed') {
          const effects = relaySigned(
            on,
            Array.from({ length: one.count }, () => ({ text: `${sent++}` })),
          )
          open.push({ bundle: bundleIn(effects), count: one.count })
          begun++
          take(effects)
        } else if (one.kind === 'plain') {
          take(on.relay(ann, 'bob', undefined, bodyOf(`${sent++}`)))
        } else if (one.kind === 'request') {
          asked++
          take(on.request(ann, 'UserListRequest', {}, 'q'))
        } else if (open.length > 0) {
          decide(one.which)
        }
        if (decided !== begun - (on.state.bundles.size + heldDecided(on))) throw new Error('the acceptor is told wrong')
      }
      while (open.length > 0) decide(0)
      const expected = Array.from({ length: sent }, (_, index) => `${index}`)
      if (JSON.stringify(got) !== JSON.stringify(expected)) throw new Error(`got ${JSON.stringify(got)}`)
      if (answered !== asked || decided !== begun || on.state.heldBytes !== 0) throw new Error('something is left')
    }),
  )
  t.pass('for all of them')
})

/** Bundles with a verdict that wait for one before them. */
function heldDecided(on: RouterWorld): number {
  const held = [...on.state.peers.values()].flatMap((peer) => (peer.kind === 'session' ? peer.held : []))
  return held.filter(({ state }) => typeof state !== 'string').length
}
