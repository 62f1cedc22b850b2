/** Compares result files: what both measured, by how much it differs, and whether that is more than noise. Pure. */
import type { Column } from '../scenarios/scenario.ts'
import type { Spread } from '../statistics.ts'
import type { ComparableDocument } from './document.ts'
import { isMoreBetter, meet } from './sweep.ts'

/** A result file. */
export interface NamedDocument {
  readonly file: string
  readonly document: ComparableDocument
}

/** One figure in all files; the first one is the measure. */
export interface ComparedFigure {
  readonly column: Column
  readonly spreads: readonly (Spread | undefined)[]
  /** Medians divided by the first one's. */
  readonly ratios: readonly (number | undefined)[]
  /** What the change is for who uses the server; `noise` when the spreads meet, `unclear` when no direction is better or there is no spread. */
  readonly verdicts: readonly Verdict[]
}

/** What a change is. */
export type Verdict = 'better' | 'worse' | 'noise' | 'unclear' | 'missing' | 'refused'

/** One server in one case. */
export interface ComparedServer {
  readonly server: string
  readonly figures: readonly ComparedFigure[]
}

/** One case that at least two files have. */
export interface ComparedCase {
  readonly scenario: string
  readonly title: string
  readonly servers: readonly ComparedServer[]
}

/** The whole comparison. */
export interface DocumentComparison {
  readonly documents: readonly NamedDocument[]
  readonly cases: readonly ComparedCase[]
  /** Sentences on what can't be compared. */
  readonly warnings: readonly string[]
}

/** Compares the first document with each of the others. */
export function compareDocuments(documents: readonly NamedDocument[]): DocumentComparison {
  const first = documents[0]?.document
  if (first === undefined) return { documents, cases: [], warnings: [] }
  const cases = first.cases.flatMap((one) => {
    const same = documents.map(({ document }) => document.cases.find((other) => isSame(one, other)))
    if (same.filter((other) => other !== undefined).length < 2) return []
    const servers = one.servers.map(({ server }) => {
      const rows = same.map((other) => other?.servers.find((row) => row.server === server))
      return { server, figures: one.columns.map((column) => compareFigure(column, rows)) }
    })
    return [{ scenario: one.scenario, title: one.title, servers }]
  })
  return { documents, cases, warnings: warningsOf(documents, cases.length) }
}

type Row = ComparableDocument['cases'][number]['servers'][number]

function compareFigure(column: Column, rows: readonly (Row | undefined)[]): ComparedFigure {
  const spreads = rows.map((row) => row?.figures[column.key])
  const [base] = spreads
  return {
    column,
    spreads,
    ratios: spreads.map((spread) =>
      spread === undefined || base === undefined || base.median === 0 ? undefined : spread.median / base.median,
    ),
    verdicts: spreads.map((spread, index) => {
      if (spread === undefined || base === undefined) return 'missing'
      if (rows[0]?.refusal !== undefined || rows[index]?.refusal !== undefined) return 'refused'
      if (isOneRound(spread) || isOneRound(base)) return 'unclear'
      if (meet(spread, base)) return 'noise'
      if (column.unit === 'fraction' || column.unit === 'cores') return 'unclear'
      return spread.median > base.median === isMoreBetter(column.unit) ? 'better' : 'worse'
    }),
  }
}

/** Whether a figure was measured once, so that nobody knows how far noise goes. */
function isOneRound(spread: Spread): boolean {
  return spread.lowest === spread.highest
}

function isSame(one: { scenario: string; title: string }, other: { scenario: string; title: string }): boolean {
  return one.scenario === other.scenario && one.title === other.title
}

function warningsOf(documents: readonly NamedDocument[], cases: number): string[] {
  const [first, ...others] = documents
  const warnings = others.flatMap(({ file, document }) => {
    const names = ['node', 'platform', 'processor', 'cores'] as const
    const different = names.filter((name) => document.machine[name] !== first?.document.machine[name])
    return different.length === 0
      ? []
      : [`${file} is of another machine or Node (${different.join(', ')}): compare ratios within a file`]
  })
  const single = documents.filter(({ document }) =>
    document.cases.every(({ servers }) => servers.every((row) => Object.values(row.figures).every(isOneRound))),
  )
  for (const { file } of single) {
    warnings.push(`${file} has one round: whether a change is more than noise can't be said`)
  }
  if (cases === 0) warnings.push('the files have no case in common: a case is the same when its title is')
  return warnings
}
