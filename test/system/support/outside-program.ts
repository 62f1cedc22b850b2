/** Programs that some tests need and a machine may lack: then the tests are skipped, or fail where all must run. */
import { spawnSync } from 'node:child_process'

/** The `skip` option of a test that needs a program: false, or a sentence that says what to install. */
export function skipWithout(program: string, install: string): false | string {
  const isThere = spawnSync(program, ['--version'], { stdio: 'ignore', timeout: 30_000 }).status === 0
  if (isThere) return false
  const sentence = `${program} is missing: ${install}`
  if (process.env['PARLEY_TEST_REQUIRE_ALL'] === '1') throw new Error(`${sentence} (PARLEY_TEST_REQUIRE_ALL is 1)`)
  return sentence
}
