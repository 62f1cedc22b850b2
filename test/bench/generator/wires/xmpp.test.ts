import t from 'tap'
import { xmppWire } from '../../../../bench/generator/wires/xmpp.ts'
import { cutDifferences, framesOf, route, shape, talk, text } from './check-wire.ts'

const message = `<message xml:lang='en' to='a@localhost/bench' from='b@localhost/bench' type='chat'><body>${text}</body></message>`
const features = "<?xml version='1.0'?><stream:stream id='1'><stream:features><mechanisms/></stream:features>"
const login = { userId: 'u', password: 'p' }

t.test('a message is a stanza to the full address of its receiver', async (t) => {
  const expected = `<message to='bench-00001@localhost/bench' type='chat'><body>${text}</body></message>`
  t.equal(xmppWire.encodeMessage(route, shape).toString(), expected)
})

t.test('stanzas are found wherever the input is cut', async (t) => {
  const other = "<message from='x'><body>~</body></message>"
  const iq = "<iq type='get'><ping xmlns='urn:xmpp:ping'/></iq>"
  const input = Buffer.from(`${message}${message}${iq}<presence/>${other}${message}</stream:stream>`)
  const expected = [message, message, iq, '<presence/>', other, message, '</stream:stream>']
  t.strictSame(framesOf(xmppWire, input), expected)
  t.strictSame(cutDifferences(xmppWire, input), [])
})

t.test('a login authenticates, opens the stream again and binds a resource', async (t) => {
  const success = "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>"
  const bound = "<iq type='result' id='bind'><bind><jid>u@localhost/bench</jid></bind></iq>"
  const { said, end } = talk(xmppWire.login(login), [features, success, features, bound])
  t.equal(said.length, 4)
  t.match(said[1]?.toString(), `mechanism='PLAIN'>${Buffer.from('\0u\0p').toString('base64')}</auth>`)
  t.strictSame(said[2], said[0])
  t.match(said[3]?.toString(), '<resource>bench</resource>')
  t.match(end, { kind: 'done' })
})

t.test('a refused password ends the login', async (t) => {
  const { end } = talk(xmppWire.login(login), [features, '<failure><not-authorized/></failure>'])
  t.match(end, { kind: 'failed' })
})

t.test('an error that came back is a complaint, white space is not', async (t) => {
  t.equal(xmppWire.control(Buffer.from("<message type='error'/>")), 'complaint')
  t.equal(xmppWire.control(Buffer.from(' ')), 'nothing')
})
