/** Results for tests of reports. */
import type { CaseDocument, ReportDocument } from '../../../bench/report/document.ts'
import type { Unit } from '../../../bench/scenarios/scenario.ts'
import type { Spread } from '../../../bench/statistics.ts'

/** A spread of three rounds. */
export function spread(lowest: number, median: number, highest: number): Spread {
  return { lowest, median, highest }
}

/** A case with one figure for each server. */
export function caseWith(
  servers: Readonly<Record<string, Spread>>,
  options: { unit?: Unit; scenario?: string; scale?: number } = {},
): CaseDocument {
  const { unit = 'per-second', scenario = 'throughput', scale } = options
  return {
    scenario,
    title: 'some work',
    columns: [{ key: 'figure', heading: 'figures', unit, ratio: true }],
    scale,
    ratios: {},
    servers: Object.entries(servers).map(([server, figure]) => ({
      server,
      figures: { figure },
      verification: undefined,
      notes: [],
      faults: [],
      rounds: [],
    })),
  }
}

/** A result of some cases. */
export function documentOf(cases: readonly CaseDocument[], settings: object = {}): ReportDocument {
  return {
    format: 1,
    finishedAt: '2030-01-02T03:04:05.000Z',
    isAllRight: true,
    areFiguresValid: true,
    machine: { node: 'v20.0.0', platform: 'linux', processor: 'some', cores: 2, memoryBytes: 2 ** 33, loadAtStart: 0 },
    settings: settings as ReportDocument['settings'],
    cases,
  }
}
