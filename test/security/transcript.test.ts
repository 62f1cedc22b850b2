import { createHash } from 'node:crypto'
import t from 'tap'
import {
  finishTail,
  splitFinish,
  splitTicketMac,
  ticketMacTail,
  transcriptHash,
} from '../../src/security/transcript.ts'

const mac = Buffer.alloc(32, 0xab)
const head = '{"MsgType":"PlatformFinish","Content":"{\\"Nonce\\":\\"AA\\"'

t.test('the hash is over the context and three frames, each behind its length', async (t) => {
  const bodies = { offer: Buffer.from('one'), terminal: Buffer.from('two'), finishHead: Buffer.from('three') }
  const text = '\0\0\0\x10parley sealed v1\0\0\0\x03one\0\0\0\x03two\0\0\0\x05three'
  t.strictSame(transcriptHash(bodies), createHash('sha256').update(text, 'latin1').digest())
  t.notSame(
    transcriptHash({ ...bodies, offer: Buffer.from('on'), terminal: Buffer.from('etwo') }),
    transcriptHash(bodies),
  )
})

t.test('a frame is taken apart at the MAC that ends it', async (t) => {
  const finish = Buffer.from(head + finishTail(mac))
  t.strictSame(splitFinish(finish), { head: Buffer.from(head), mac })
  t.ok(finish.toString().endsWith('\\"}"}'))
  t.equal(JSON.parse(JSON.parse(finish.toString()).Content).Finish, mac.toString('base64url'))
  const terminal = Buffer.from(head + ticketMacTail(mac))
  t.strictSame(splitTicketMac(terminal), { head: Buffer.from(head), mac })
  t.equal(splitTicketMac(finish), undefined)
  t.equal(splitFinish(terminal), undefined)
})

t.test('any other end is refused', async (t) => {
  const text = head + finishTail(mac)
  const tail = finishTail(mac)
  const others = [
    '',
    tail,
    text.slice(0, -1),
    `${text} `,
    text.replace('"}"}', '" }"}'),
    text.replace(',\\"F', ', \\"F'),
  ]
  for (const other of [...others, text.replace('Finish\\":', 'finish\\":'), text.replace('\\":\\"q', '\\":\\"=')]) {
    t.equal(splitFinish(Buffer.from(other)), undefined, other)
  }
  for (let index = head.length; index < text.length; index++) {
    const bytes = Buffer.from(text)
    bytes.writeUInt8(bytes.readUInt8(index) ^ 0x80, index)
    t.equal(splitFinish(bytes), undefined, `byte ${index}`)
  }
})

t.test('a MAC has one text: spare bits are zero', async (t) => {
  const text = head + finishTail(Buffer.alloc(32))
  t.ok(splitFinish(Buffer.from(text)))
  t.equal(splitFinish(Buffer.from(text.replace('A\\"}"}', 'B\\"}"}'))), undefined)
})
