import { resolve } from 'node:path'
import t from 'tap'
import {
  byteValue,
  folder,
  host,
  oneOf,
  onOrOff,
  origins,
  type SettingSchema,
  secretText,
  wholeNumber,
} from '../../src/config/setting.ts'

function read(reader: { schema: SettingSchema }, text: string): unknown {
  const result = reader.schema.safeParse(text)
  return result.success ? result.data : result.error.issues.map((issue) => issue.message)
}

t.test('a whole number is taken at its limits and refused one beyond', async (t) => {
  const reader = wholeNumber({ min: 5, max: 10 })
  const problem = ['must be a whole number from 5 to 10']
  t.equal(read(reader, '5'), 5)
  t.equal(read(reader, ' 10 '), 10)
  for (const text of ['4', '11', '', '7.5', '1e1', '0x7', '-7', '7 ms', '99999999999999999999']) {
    t.same(read(reader, text), problem, JSON.stringify(text))
  }
})

t.test('a byte is read as hexadecimal and as decimal', async (t) => {
  t.equal(read(byteValue(), '0x02'), 2)
  t.equal(read(byteValue(), '0XfF'), 255)
  t.equal(read(byteValue(), '2'), 2)
  t.equal(read(byteValue(), '255'), 255)
  for (const text of ['256', '0x100', '', '0x', 'STX', '-1', '02 03']) {
    t.same(read(byteValue(), text), ['must be one byte, such as 0x02 or 2'], JSON.stringify(text))
  }
})

t.test('a word is read whatever its case, and others are refused with the list', async (t) => {
  t.equal(read(oneOf(['replace', 'multi']), 'Multi'), 'multi')
  t.same(read(oneOf(['replace', 'multi', 'none']), 'all'), ['must be replace, multi or none'])
})

t.test('a switch takes on and off in the usual words', async (t) => {
  for (const text of ['on', 'true', '1', 'yes', 'ON']) t.equal(read(onOrOff(), text), true, text)
  for (const text of ['off', 'false', '0', 'no', ' off']) t.equal(read(onOrOff(), text), false, text)
  t.same(read(onOrOff(), 'maybe'), ['must be on or off'])
})

t.test('a host is an address or a name, without a port', async (t) => {
  for (const text of ['127.0.0.1', '::1', 'fe80::1%eth0', 'chat.example', 'localhost'])
    t.equal(read(host(), text), text)
  for (const text of ['', 'a b', '[::1]', 'http://a']) t.type(read(host(), text), Array, text)
})

t.test('a folder comes out absolute', async (t) => {
  t.equal(read(folder(), './data'), resolve('data'))
  t.same(read(folder(), ''), ['must be the path of a folder'])
})

t.test('origins are read as a list and normalised', async (t) => {
  t.same(read(origins(), ''), [])
  t.same(read(origins(), '*'), ['*'])
  t.same(read(origins(), ' https://Chat.example:443/ , http://10.0.0.5:8080'), [
    'https://chat.example',
    'http://10.0.0.5:8080',
  ])
  for (const text of ['chat.example', 'https://chat.example/path', 'ftp://a', 'https://user@a', 'https://']) {
    t.match(read(origins(), text), [/must be origins divided by commas/], text)
  }
})

t.test('a secret has a shortest and a longest length', async (t) => {
  t.equal(read(secretText({ lengthMin: 2, lengthMax: 3 }), 'abc'), 'abc')
  t.same(read(secretText({ lengthMin: 2, lengthMax: 3 }), 'abcd'), ['must have 2 to 3 characters'])
})
