/** A result as one page with plots. Pure. */
import { isFaultless, type Verification } from '../verifier.ts'
import { caseCharts, scaleCharts, sweepCharts } from './case-charts.ts'
import { harmless } from './charts/svg.ts'
import type { CaseDocument, ReportDocument } from './document.ts'
import { pageFrame } from './page-frame.ts'
import { judgeSweep } from './sweep.ts'
import { writeVerdict } from './sweep-text.ts'
import { describeMachineLine, writeFigure, writeVerification } from './table.ts'

/** Makes the page. */
export function makePage(document: ReportDocument): string {
  const { sweep } = document.settings
  const title = sweep === undefined ? 'Parley benchmark' : `Parley benchmark: ${sweep.setting}`
  return pageFrame({ title, head: headOf(document), body: sectionsOf(document) })
}

/** All cases; also what other pages show of a result. */
export function sectionsOf(document: ReportDocument): string {
  const setting = document.settings.sweep?.setting
  const scenarios = [...new Set(document.cases.map((one) => one.scenario))]
  return scenarios
    .flatMap((scenario) => {
      const cases = document.cases.filter((one) => one.scenario === scenario)
      const scaled = cases.filter((one) => one.scale !== undefined)
      return [...(scaled.length > 1 ? [overview(scaled)] : []), ...cases.map((one) => section(one, setting))]
    })
    .join('\n')
}

/** The machine and the moment. */
export function machineLines(document: Pick<ReportDocument, 'machine' | 'finishedAt'>): string {
  const [first = '', second = ''] = describeMachineLine(document.machine).split('\n')
  const at = document.finishedAt.replace('T', ' ').replace(/\..*/, ' UTC')
  return `<p class="soft">${harmless(first)}<br>${harmless(second)} · ${harmless(at)}</p>`
}

function headOf(document: ReportDocument): string {
  const verdict = document.isAllRight
    ? document.areFiguresValid
      ? '<span class="verdict good">every message arrived once and in order</span>'
      : '<span class="verdict warn">some figures are refused: the generator was the bottleneck</span>'
    : '<span class="verdict bad">something went wrong: see the faults below</span>'
  const settings = Object.entries(document.settings)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `<dt>${harmless(name)}</dt><dd>${harmless(plain(value))}</dd>`)
  return `${machineLines(document)}${verdict}<details><summary>settings</summary><dl>${settings.join('')}</dl></details>`
}

function plain(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

function section(one: CaseDocument, setting: string | undefined): string {
  const finding = setting === undefined ? undefined : judgeSweep(one, setting)
  const verdict =
    finding === undefined || setting === undefined ? '' : `<p><b>${harmless(writeVerdict(finding, setting))}</b></p>`
  const bars = setting === undefined ? '' : sweepCharts(one, setting)
  return `<section><h2>${harmless(one.scenario)}</h2><p class="soft">${harmless(one.title)}</p>${verdict}${table(one, finding?.best.value, setting)}${remarks(one)}<div class="charts">${bars}${caseCharts(one, setting)}</div></section>`
}

function overview(cases: readonly CaseDocument[]): string {
  const about = 'The same work for each number; a line that rises grows faster than the work.'
  return `<section><h2>${harmless(cases[0]?.scenario ?? '')}</h2><p class="soft">${about}</p><div class="charts">${scaleCharts(cases)}</div></section>`
}

function table(one: CaseDocument, best: string | undefined, setting: string | undefined): string {
  const hasVerification = one.servers.some((row) => row.verification !== undefined)
  const head = ['', ...one.columns.map((column) => column.heading), ...(hasVerification ? ['verified'] : [])]
  const rows = one.servers.map((row) => {
    const cells = one.columns.map((column) => {
      const spread = row.figures[column.key]
      if (spread === undefined) return '<td>–</td>'
      const range =
        spread.lowest === spread.highest
          ? ''
          : `<small>${harmless(number(spread.lowest, column.unit))}–${harmless(number(spread.highest, column.unit))}</small>`
      return `<td>${harmless(writeFigure(spread.median, column.unit))}${range}</td>`
    })
    const name = `${harmless(row.server)}${row.refusal === undefined ? '' : ' <span class="warn">refused</span>'}`
    const checked = hasVerification ? `<td>${harmless(verified(row.verification))}</td>` : ''
    return `<tr${best !== undefined && row.server === `${setting}=${best}` ? ' class="best"' : ''}><td>${name}</td>${cells.join('')}${checked}</tr>`
  })
  return `<div class="scroll"><table><tr>${head.map((cell) => `<th>${harmless(cell)}</th>`).join('')}</tr>${rows.join('')}${ratioRow(one, hasVerification)}</table></div>`
}

function verified(verification: Verification | undefined): string {
  if (verification === undefined || !isFaultless(verification)) return writeVerification(verification)
  return `${verification.sent.toLocaleString('en')} sent, all right`
}

function ratioRow(one: CaseDocument, hasVerification: boolean): string {
  if (Object.keys(one.ratios).length === 0) return ''
  const cells = one.columns.map((column) => `<td>${one.ratios[column.key]?.toFixed(2) ?? ''}</td>`)
  const beside = one.servers.find((row) => row.server !== 'parley')?.server ?? ''
  return `<tr class="ratio"><td>parley/${harmless(beside)}</td>${cells.join('')}${hasVerification ? '<td></td>' : ''}</tr>`
}

function number(value: number, unit: Parameters<typeof writeFigure>[1]): string {
  return writeFigure(value, unit).split(' ')[0] ?? ''
}

function remarks(one: CaseDocument): string {
  const lines = one.servers.flatMap((row) => [
    ...(row.refusal === undefined
      ? []
      : [`<li class="warn">${harmless(row.server)}: ${harmless(row.refusal)}; no measure of the server</li>`]),
    ...row.faults.map((fault) => `<li class="bad">${harmless(row.server)}, ${harmless(fault)}</li>`),
    ...row.notes.map((note) => `<li>${harmless(row.server)}, ${harmless(note)}</li>`),
  ])
  return lines.length === 0 ? '' : `<ul class="remarks">${lines.join('')}</ul>`
}
