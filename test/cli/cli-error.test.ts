import t from 'tap'
import { CliError, ExitCode, explain } from '../../src/cli/cli-error.ts'

function coded(code: string): Error {
  return Object.assign(new Error('It happened.'), { code })
}

t.test('an error of a command says its exit code', async (t) => {
  t.same(explain(new CliError(ExitCode.usage, 'Wrong.')), { exitCode: 2, message: 'Wrong.' })
})

t.test('a code decides the exit code and adds what to do', async (t) => {
  t.same(explain(coded('exists')), {
    exitCode: 1,
    message: 'It happened.\nChange its password with: parley user passwd NAME',
  })
  t.same(explain(coded('no_answer')), { exitCode: 69, message: 'It happened.' })
  t.same(explain(coded('bad_argument')), { exitCode: 2, message: 'It happened.' })
})

t.test('anything else is a failure', async (t) => {
  t.same(explain(new Error('Oh.')), { exitCode: 1, message: 'Oh.' })
  t.same(explain('oh'), { exitCode: 1, message: 'oh' })
})
