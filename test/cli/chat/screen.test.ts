import t from 'tap'
import { Screen } from '../../../src/cli/chat/screen.ts'
import { Terminal } from './terminal.ts'

function open(terminal: Terminal, interactive: boolean): { screen: Screen; lines: string[]; ended: Promise<void> } {
  const lines: string[] = []
  let resolve = (): void => {}
  const ended = new Promise<void>((settle) => {
    resolve = settle
  })
  const { input, output } = terminal
  const screen = new Screen({ input, output, interactive, line: (text) => void lines.push(text), ended: resolve })
  return { screen, lines, ended }
}

t.test('what comes in is printed above the line that is being typed, which is drawn again', async (t) => {
  const terminal = new Terminal()
  const { screen, lines, ended } = open(terminal, true)
  screen.start('me> ')
  terminal.input.write('half a li')
  const typed = await terminal.until(/half a li/)
  screen.print('news')
  const after = await terminal.until(/news\n/, typed)
  await terminal.until(/me> half a li/, after)
  t.match(terminal.printed.slice(typed, after), '\x1b[0J', 'the old line is cleared')
  terminal.type('ne')
  terminal.end()
  await ended
  t.same(lines, ['half a line'])
})

t.test('a hidden answer is neither shown nor kept in the history, and is no command', async (t) => {
  const terminal = new Terminal()
  const { screen, lines, ended } = open(terminal, true)
  screen.start('> ')
  const answer = screen.askHidden(['Password: '])
  await terminal.until(/Password: /)
  terminal.input.write('sec')
  screen.print('news')
  terminal.type('ret')
  t.same(await answer, ['secret'])
  // Arrow up, Enter: the last line of the history again.
  terminal.input.write('\x1b[A\n')
  terminal.type('shown')
  await terminal.until(/shown/)
  terminal.end()
  await ended
  t.notMatch(terminal.printed, 'secret')
  t.match(terminal.printed, /news\nPassword: /)
  t.same(lines, ['', 'shown'])
})

t.test('without a person there is no prompt and no echo', async (t) => {
  const terminal = new Terminal()
  const { screen, lines, ended } = open(terminal, false)
  screen.start('> ')
  terminal.type('one')
  const answer = screen.askHidden(['Password: '])
  screen.print('news')
  terminal.type('two')
  terminal.end()
  await ended
  t.equal(terminal.printed, 'news\n')
  t.same([await answer, lines], [['two'], ['one']])
  t.equal(await screen.askHidden(['Password: ']), undefined, 'the input has ended')
})

t.test('Ctrl-C ends, and a question that waits gets nothing', async (t) => {
  const terminal = new Terminal()
  const { screen, ended } = open(terminal, true)
  screen.start('> ')
  const answer = screen.askHidden(['Password: '])
  terminal.input.write('\x03')
  await ended
  t.equal(await answer, undefined)
})
