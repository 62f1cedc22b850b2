import { createECDH, createHash, randomBytes } from 'node:crypto'
import t from 'tap'
import { answerEphemeral, newEphemeral, pointBytes } from '../../src/security/ephemeral.ts'

t.test('both sides agree, and on the x coordinate of RFC 5903', async (t) => {
  const one = newEphemeral(() => Buffer.from('c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433', 'hex'))
  const two = newEphemeral(() => Buffer.from('c6ef9c5d78ae012a011164acb397ce2088685d8f06bf9be0b283ab46476bee53', 'hex'))
  const x = Buffer.from('d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de', 'hex')
  const expected = createHash('sha256').update(x).digest()
  t.equal(one.point.length, pointBytes)
  t.strictSame(one.agree(two.point), expected)
  t.strictSame(two.agree(one.point), expected)
})

t.test('each half that is answered at once has a scalar of its own', async (t) => {
  const halves = [newEphemeral(randomBytes), newEphemeral(randomBytes)]
  const answers = halves.map(({ point }) => answerEphemeral(point, randomBytes))
  for (const [index, answer] of answers.entries()) {
    t.equal(answer?.point.length, pointBytes)
    t.strictSame(halves[index]?.agree(answer?.point ?? Buffer.alloc(0)), answer?.agreed)
  }
  t.notSame(answers[0]?.point, answers[1]?.point)
})

t.test('what is no point of the curve is not answered, and the next one is', async (t) => {
  t.equal(answerEphemeral(Buffer.alloc(pointBytes, 4), randomBytes), undefined)
  t.equal(answerEphemeral(Buffer.alloc(0), randomBytes), undefined)
  const half = newEphemeral(randomBytes)
  const answer = answerEphemeral(half.point, randomBytes)
  t.strictSame(half.agree(answer?.point ?? Buffer.alloc(0)), answer?.agreed)
})

t.test('a coordinate that begins with zero keeps its 32 bytes', async (t) => {
  for (let tries = 0; tries < 4000; tries++) {
    const ecdh = createECDH('prime256v1')
    const point = ecdh.generateKeys()
    const scalar = randomBytes(32)
    const other = createECDH('prime256v1')
    other.setPrivateKey(scalar)
    const x = ecdh.computeSecret(other.getPublicKey())
    t.equal(x.length, 32)
    if (x[0] !== 0) continue
    t.strictSame(newEphemeral(() => scalar).agree(point), createHash('sha256').update(x).digest())
    return
  }
  t.fail('no coordinate began with zero')
})

t.test('what is no uncompressed point of the curve is refused', async (t) => {
  const { agree, point } = newEphemeral(randomBytes)
  const off = Buffer.from(point)
  off.writeUInt8(off.readUInt8(64) ^ 1, 64)
  const compressed = Buffer.concat([Buffer.of(2 + (point.readUInt8(64) & 1)), point.subarray(1, 33)])
  const hybrid = Buffer.concat([Buffer.of(6 + (point.readUInt8(64) & 1)), point.subarray(1)])
  const tooLarge = Buffer.concat([Buffer.of(4), Buffer.alloc(64, 0xff)])
  const bad = [off, compressed, hybrid, tooLarge, Buffer.of(0), Buffer.alloc(0), Buffer.alloc(65), Buffer.alloc(65, 4)]
  for (const bytes of [...bad, point.subarray(1), Buffer.concat([point, Buffer.of(0)])])
    t.equal(agree(bytes), undefined)
})

t.test('bytes that are no scalar of the curve are asked for again', async (t) => {
  const scalars = [Buffer.alloc(32), Buffer.alloc(32, 0xff), Buffer.alloc(32, 1)]
  t.ok(newEphemeral(() => scalars.shift() ?? Buffer.alloc(32)).point)
  t.throws(() => newEphemeral(() => Buffer.alloc(32)))
})
