/** A sweep as text: a bar for each value, with its spread. Pure. */
import type { CaseDocument, ReportDocument } from './document.ts'
import { judgeSweep, type SweepFinding } from './sweep.ts'
import { align, writeSpread } from './table.ts'

const barCells = 40

/** All cases of a sweep. */
export function writeSweep(document: ReportDocument): string {
  const setting = document.settings.sweep?.setting ?? ''
  return document.cases.flatMap((one) => writeCase(one, setting)).join('\n\n')
}

/** The verdict in a sentence. */
export function writeVerdict(finding: SweepFinding, setting: string): string {
  const { best, column, isClear, range } = finding
  const percent = Math.round((range - 1) * 100)
  const figure = writeSpread(best.spread, column.unit)
  if (isClear)
    return `Best: ${setting}=${best.value} with ${figure}; apart from all others, ${percent} % from the worst.`
  const like = finding.values.filter((value) => value.isLikeBest).map((value) => value.value)
  const all = like.length === finding.values.length
  return all
    ? `No difference beyond noise: all spreads meet (medians differ by ${percent} %).`
    : `Best: ${setting}=${best.value} with ${figure}, but within noise of it: ${like.filter((one) => one !== best.value).join(', ')}.`
}

function writeCase(one: CaseDocument, setting: string): string[] {
  const finding = judgeSweep(one, setting)
  if (finding === undefined) return []
  return [
    [
      `${one.scenario}: ${one.title}`,
      `${finding.column.heading} by ${setting}`,
      ...writeBars(finding),
      writeVerdict(finding, setting),
    ].join('\n'),
  ]
}

/** A bar for each value: full up to the lowest round, dots to the highest, and the median marked. */
export function writeBars(finding: SweepFinding): string[] {
  const top = Math.max(...finding.values.map((value) => value.spread.highest))
  const cell = (figure: number): number => (top <= 0 ? 0 : Math.round((figure / top) * barCells))
  const lines = finding.values.map(({ value, spread, isLikeBest }) => {
    const [lowest, median, highest] = [cell(spread.lowest), cell(spread.median), cell(spread.highest)]
    const bar = Array.from({ length: barCells }, (_, at) => {
      if (at === Math.max(0, median - 1)) return '┃'
      if (at < lowest) return '█'
      return at < highest ? '·' : ' '
    }).join('')
    const mark = value === finding.best.value ? '◀ best' : isLikeBest ? '≈' : ''
    return [`  ${value}`, bar, writeSpread(spread, finding.column.unit), mark]
  })
  return align(lines)
}
