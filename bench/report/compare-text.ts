/** A comparison of result files as text. Pure. */
import type { ComparedFigure, DocumentComparison, Verdict } from './compare.ts'
import { align, writeSpread } from './table.ts'

/** Words for a change. */
export const verdictWords: Readonly<Record<Verdict, string>> = {
  better: 'better',
  worse: 'WORSE',
  noise: 'within noise',
  unclear: 'differs',
  missing: '',
  refused: 'refused',
}

/** Writes everything as text. */
export function writeComparison(comparison: DocumentComparison): string {
  const files = comparison.documents.map(
    ({ file, document }, index) => `${letter(index)}  ${file}, ${document.finishedAt}`,
  )
  const cases = comparison.cases.map(({ scenario, title, servers }) => {
    const head = [
      '',
      '',
      ...comparison.documents.map((_, index) => letter(index)),
      ...comparison.documents.slice(1).flatMap((_, index) => [`${letter(index + 1)}/A`, '']),
    ]
    const lines = servers.flatMap(({ server, figures }) =>
      figures.filter(isMeasured).map((figure, index) => [index === 0 ? server : '', ...writeLine(figure)]),
    )
    return [`${scenario}: ${title}`, ...align([head, ...lines])].join('\n')
  })
  return [files.join('\n'), ...comparison.warnings.map((warning) => `note: ${warning}`), ...cases].join('\n\n')
}

/** How a file is called in a table. */
export function letter(index: number): string {
  return String.fromCharCode(0x41 + (index % 26))
}

/** Whether there is anything to compare. */
export function isMeasured(figure: ComparedFigure): boolean {
  return figure.spreads.filter((spread) => spread !== undefined).length > 1
}

function writeLine(figure: ComparedFigure): string[] {
  const { column, spreads, ratios, verdicts } = figure
  const changes = ratios
    .slice(1)
    .flatMap((ratio, index) => [
      ratio === undefined ? '–' : ratio.toFixed(2),
      verdictWords[verdicts[index + 1] ?? 'missing'],
    ])
  return [column.heading, ...spreads.map((spread) => writeSpread(spread, column.unit)), ...changes]
}
