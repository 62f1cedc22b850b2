/** A comparison of result files as a page. Pure. */
import { barChart } from './charts/bar-chart.ts'
import { harmless } from './charts/svg.ts'
import type { ComparedCase, ComparedFigure, ComparedServer, DocumentComparison } from './compare.ts'
import { isMeasured, letter, verdictWords } from './compare-text.ts'
import { machineLines } from './page.ts'
import { pageFrame } from './page-frame.ts'
import { writeSpread } from './table.ts'

const marks = {
  better: 'good',
  worse: 'bad',
  noise: 'soft',
  unclear: 'soft',
  missing: 'soft',
  refused: 'warn',
} as const

/** Makes the page. */
export function comparePage(comparison: DocumentComparison): string {
  const files = comparison.documents.map(
    ({ file, document }, index) => `<p><b>${letter(index)}</b> ${harmless(file)}</p>${machineLines(document)}`,
  )
  const warnings = comparison.warnings.map((warning) => `<p class="warn">${harmless(warning)}</p>`)
  const body = comparison.cases.map((one) => section(one, comparison.documents.length))
  return pageFrame({
    title: 'Parley benchmark, compared',
    head: [...files, ...warnings].join(''),
    body: body.join('\n'),
  })
}

function section(one: ComparedCase, files: number): string {
  const charts = one.servers.flatMap((server) =>
    server.figures
      .filter(isMeasured)
      .slice(0, 2)
      .map((figure) => chart(server, figure)),
  )
  return `<section><h2>${harmless(one.scenario)}</h2><p class="soft">${harmless(one.title)}</p>${table(one, files)}<div class="charts">${charts.join('')}</div></section>`
}

function table(one: ComparedCase, files: number): string {
  const names = Array.from({ length: files }, (_, index) => letter(index))
  const head = ['', '', ...names, ...names.slice(1).flatMap((name) => [`${name}/A`, ''])]
  const rows = one.servers.flatMap(({ server, figures }) =>
    figures.filter(isMeasured).map((figure, row) => {
      const spreads = figure.spreads.map((spread) => `<td>${harmless(writeSpread(spread, figure.column.unit))}</td>`)
      const changes = figure.ratios.slice(1).map((ratio, index) => {
        const verdict = figure.verdicts[index + 1] ?? 'missing'
        return `<td>${ratio?.toFixed(2) ?? '–'}</td><td class="${marks[verdict]}">${verdictWords[verdict]}</td>`
      })
      return `<tr><td>${row === 0 ? harmless(server) : ''}</td><td style="text-align:left">${harmless(figure.column.heading)}</td>${spreads.join('')}${changes.join('')}</tr>`
    }),
  )
  return `<div class="scroll"><table><tr>${head.map((cell) => `<th>${harmless(cell)}</th>`).join('')}</tr>${rows.join('')}</table></div>`
}

function chart(server: ComparedServer, figure: ComparedFigure): string {
  const bars = figure.spreads.flatMap((spread, index) =>
    spread === undefined
      ? []
      : [{ name: letter(index), ...spread, text: writeSpread(spread, figure.column.unit), colour: index }],
  )
  return barChart({
    title: `${figure.column.heading}, ${server.server}`,
    about: 'median and spread',
    bars,
  })
}
