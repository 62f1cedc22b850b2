import type { Command } from 'commander'
import t from 'tap'
import { createProgram } from '../../src/cli/program.ts'
import { runHere, runProcess, testContext } from './run-cli.ts'

function leaves(command: Command): Command[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(leaves)
}

t.test('every command has a summary, a description and examples that name it', async (t) => {
  const { context } = testContext()
  for (const command of leaves(await createProgram(context))) {
    if (command.name() === 'help') continue
    const path = [command.parent?.name(), command.name()].filter((name) => name !== 'parley').join(' ')
    t.ok(command.summary() !== '' && command.description().endsWith('.'), path)
    const { stdout, exitCode } = await runHere([...path.split(' '), '--help'])
    t.equal(exitCode, 0)
    t.match(stdout, 'Examples:', path)
    t.ok(stdout.slice(stdout.indexOf('Examples:')).includes(`parley ${path}`), path)
  }
})

t.test('what is asked for wrongly ends with 2 and says what to do', async (t) => {
  for (const args of [
    [],
    ['usr'],
    ['user'],
    ['user', 'add'],
    ['serve', '--nope'],
    ['user', 'add', 'a b'],
    ['kick', 'a', '--ban', 'x'],
  ]) {
    const { exitCode, stderr, stdout } = await runHere(args)
    t.equal(exitCode, 2, args.join(' '))
    t.match(stderr, /\S/)
    t.equal(stdout, '')
  }
  t.match((await runHere(['usr'])).stderr, /Did you mean user/)
})

t.test('the version and the help end with 0', async (t) => {
  t.match(await runHere(['--version']), { exitCode: 0, stdout: '9.8.7\n' })
  t.match(await runHere(['--help']), { exitCode: 0, stdout: /parley serve/ })
  t.match(await runHere(['help', 'user']), { exitCode: 0, stdout: /import/ })
})

t.test('the program that is installed runs', async (t) => {
  t.match(await runProcess(['--version']), { exitCode: 0, stdout: /^\d+\.\d+\.\d+/ })
  t.match(await runProcess(['nope']), { exitCode: 2, stderr: /unknown command/ })
})
