import t from 'tap'
import { rescuedCallbackId } from '../../src/acceptor/rescued-callback-id.ts'

function rescued(body: string): string | undefined {
  const bytes = Buffer.from(`\u0002${body}\u0003`)
  return rescuedCallbackId({ bytes, start: 1, end: bytes.length - 1 })
}

t.test('a CallbackID that stands once is found, wherever it stands', async (t) => {
  t.equal(rescued('{"CallbackID":"7"}'), '7')
  t.equal(rescued(' { "x" : { "CallbackID" : "1" } , "CallbackID" : "7" , "y" : [ "}" , {} ] } '), '7')
  t.equal(rescued('{"a":"\\"CallbackID\\":","Callback\\u0049D":"\\u4f60"}'), '你')
  t.equal(rescued('{"MsgType":"A","MsgType":"B","CallbackID":"7"}'), '7')
})

t.test('a CallbackID that stands twice is left alone: parsers differ on which one it is', async (t) => {
  t.equal(rescued('{"CallbackID":"7","CallbackID":"8"}'), undefined)
  t.equal(rescued('{"CallbackID":"7","Callback\\u0049D":"8"}'), undefined)
  t.equal(rescued('{"CallbackID":null,"x":{},"CallbackID":"8"}'), undefined)
})

t.test('nothing is found in what is no envelope', async (t) => {
  for (const body of [
    '',
    '[]',
    'null',
    '7',
    '"CallbackID"',
    '{}',
    '{"CallbackID":""}',
    '{"CallbackID":7}',
    '{"CallbackID":"7"',
  ])
    t.equal(rescued(body), undefined, body)
  t.equal(rescued(`{"CallbackID":"${'7'.repeat(129)}"}`), undefined)
  t.equal(rescued(`{"x":"${'7'.repeat(70_000)}","CallbackID":"7"}`), undefined)
  t.equal(rescued(`{"x":${'['.repeat(9)}${']'.repeat(9)},"CallbackID":"7"}`), undefined)
  t.equal(rescued(`{"x":${'['.repeat(7)}${']'.repeat(7)},"CallbackID":"7"}`), '7')
})
