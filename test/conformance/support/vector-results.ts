/** What an example in another language makes of the vectors: it prints a line for each case, and none may be missing. */
import { spawnSync } from 'node:child_process'
import type { Test } from 'tap'
import type { EndToEndVectors } from '../../vectors/end-to-end-vectors.ts'
import type { EnrolmentVectors } from '../../vectors/enrolment-vectors.ts'
import type { HandshakeVectors } from '../../vectors/handshake-vectors.ts'
import type { RecordVectors } from '../../vectors/record-vectors.ts'
import type { SignatureVectors } from '../../vectors/signature-vectors.ts'
import { readVectors } from '../../vectors/vector-files.ts'
import type { ProgramCommand } from './program-talker.ts'

/** A line: one case of a set such as `records/bad`. */
export interface VectorResult {
  readonly set: string
  readonly name: string
  readonly ok: boolean
  readonly problem?: string
}

/** How many cases there are in each set, for an example with these suites. */
export function expectedCounts(suites: readonly number[], options: { endToEnd: boolean }): Map<string, number> {
  const handshake = readVectors<HandshakeVectors>('handshake')
  const records = readVectors<RecordVectors>('records')
  const enrolment = readVectors<EnrolmentVectors>('enrolment')
  const hasSuite = ({ suite }: { readonly suite: number }): boolean => suites.includes(suite)
  const suiteOf = new Map(handshake.handshakes.map(({ name, suite }) => [name, suite]))
  const badFinishes = handshake.badFinishes.filter(({ handshake }) => suites.includes(suiteOf.get(handshake) ?? 0))
  const signatures = readVectors<SignatureVectors>('signatures').keySignatures
  const counts = new Map([
    ['handshake/handshakes', handshake.handshakes.filter(hasSuite).length],
    ['handshake/offers', handshake.offers.length],
    ['handshake/badFinishes', badFinishes.length],
    ['records/streams', records.streams.filter(hasSuite).length],
    ['records/bad', records.bad.filter(hasSuite).length],
    ['signatures/PS256', signatures.filter(({ sign }) => sign.Alg === 'PS256').length],
    ['enrolment/enrolments', enrolment.enrolments.length],
    ['enrolment/approvals', enrolment.approvals.length],
    ['enrolment/keyLogs', enrolment.keyLogs.length],
    ['enrolment/safetyNumbers', enrolment.safetyNumbers.length],
  ])
  if (options.endToEnd) counts.set('end-to-end/cases', readVectors<EndToEndVectors>('end-to-end').cases.length)
  return counts
}

/** Runs a program that prints results. */
export function runVectors({ name, program, args }: ProgramCommand): VectorResult[] {
  const { status, stdout, stderr } = spawnSync(program, args, {
    encoding: 'utf8',
    timeout: 100_000,
    maxBuffer: 16 * 1024 * 1024,
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
  })
  if (status !== 0) throw new Error(`${name} ended with ${status}: ${stderr}`)
  const lines = stdout.split('\n').filter((line) => line !== '')
  return lines.map((line) => JSON.parse(line) as VectorResult)
}

/** One test for each set: every case is as it must be, and all of them were looked at. */
export function checkResults(t: Test, results: readonly VectorResult[], counts: ReadonlyMap<string, number>): void {
  for (const [set, count] of counts) {
    const of = results.filter((result) => result.set === set)
    t.same(
      of.filter(({ ok }) => !ok),
      [],
      `${set}: every case is as it must be`,
    )
    t.equal(of.length, count, `${set}: all ${count} cases`)
  }
}
