import t from 'tap'
import { envelopeFields, writeEnvelope } from '../../src/protocol/envelope.ts'
import { EnvelopeReader } from '../../src/protocol/envelope-reader.ts'

t.test('content becomes a string of JSON text inside the JSON of the envelope', async (t) => {
  t.equal(
    writeEnvelope({ ToUserId: 'bob', MsgType: 'TextMsgRequest', CreateTime: 1 }, { Message: 'say "hi"' }),
    '{"ToUserId":"bob","MsgType":"TextMsgRequest","CreateTime":1,"Content":"{\\"Message\\":\\"say \\\\\\"hi\\\\\\"\\"}"}',
  )
})

t.test('no body has a control character, so none has a delimiter', async (t) => {
  const control = String.fromCharCode(...Array.from({ length: 32 }, (_, code) => code))
  const body = writeEnvelope({ MsgType: 'T', CallbackID: control }, { Message: control })
  t.notMatch(body, /[\u0000-\u001f]/)
})

t.test('what is written is read', async (t) => {
  const reader = new EnvelopeReader()
  for (const name of ['bob', '李雷', '__proto__', 'a\\u0061', '"', '😀']) {
    const body = Buffer.from(
      writeEnvelope(
        { ToUserId: name, FromUserId: name, MsgType: 'TextMsgRequest', CallbackID: 'é"\\' },
        { Message: `\u0000\ud800${name}` },
      ),
    )
    t.equal(reader.read(body, 0, body.length), undefined)
    t.strictSame([reader.to(), reader.from(), reader.callbackId()], [name, name, 'é"\\'])
    t.equal(reader.contentIsPlainMessage(), true)
    t.strictSame(JSON.parse(reader.content() ?? ''), { Message: `\u0000\ud800${name}` })
  }
})

t.test('the names of the fields are those of the wire', async (t) => {
  t.equal(new Set(envelopeFields.map((name) => name.toLowerCase())).size, envelopeFields.length)
  t.equal(
    envelopeFields.join(' '),
    'ToUserId FromUserId MsgType CreateTime Content CallbackID ClientMsgId MsgId Seq Epoch ServerTime Volatile Sign',
  )
})
