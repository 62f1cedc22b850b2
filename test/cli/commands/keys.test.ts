import t from 'tap'
import { runHere } from '../run-cli.ts'

t.test('all commands for keys are there', async (t) => {
  const { stdout, exitCode } = await runHere(['keys', '--help'])
  t.equal(exitCode, 0)
  for (const name of ['show', 'export', 'rotate', 'list', 'pending', 'approve', 'revoke']) {
    t.match(stdout, new RegExp(`\\n  ${name} `))
    const help = await runHere(['keys', name, '--help'])
    t.match(help.stdout, /Examples:/, name)
  }
})
