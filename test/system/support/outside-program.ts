/** Programs that some tests need and a machine may lack: then the tests are skipped, or fail where all must run. */
import { spawnSync } from 'node:child_process'

/** The `skip` option of a test that needs a program: false, or a sentence that says what to install. */
export function skipWithout(program: string, install: string): false | string {
  return skipUnless(runs(program, ['--version']), `${program} is missing: ${install}`)
}

/** Whether a program is there and ends well with these arguments. */
export function runs(program: string, args: readonly string[]): boolean {
  return spawnSync(program, args, { stdio: 'ignore', timeout: 30_000 }).status === 0
}

/** The `skip` option of a test that needs something: false when it is there, else the sentence that says what is missing. */
export function skipUnless(isThere: boolean, sentence: string): false | string {
  if (isThere) return false
  if (process.env['PARLEY_TEST_REQUIRE_ALL'] === '1') throw new Error(`${sentence} (PARLEY_TEST_REQUIRE_ALL is 1)`)
  return sentence
}
