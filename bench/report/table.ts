/** The report for people: one table a case. Pure. */
import type { Machine } from '../machine.ts'
import type { Column, Unit } from '../scenarios/scenario.ts'
import type { Spread } from '../statistics.ts'
import type { Verification } from '../verifier.ts'
import type { Row, Summary } from './summary.ts'

/** Writes everything as text. */
export function writeTables(machine: Machine, summaries: readonly Summary[]): string {
  return [describeMachineLine(machine), ...summaries.map(writeTable)].join('\n\n')
}

/** The machine in two lines. */
export function describeMachineLine(machine: Machine): string {
  const memory = `${Math.round(machine.memoryBytes / 2 ** 30)} GiB`
  const head = `node ${machine.node} · ${machine.platform} · ${machine.cores} cores, ${machine.processor} · ${memory}`
  const hint = machine.loadAtStart > 0.5 * machine.cores ? ': others were at work, so compare ratios only' : ''
  return `${head}\nload average at the start ${machine.loadAtStart.toFixed(1)}${hint}`
}

function writeTable(summary: Summary): string {
  const { columns } = summary.case
  const hasVerification = summary.rows.some((row) => row.verification !== undefined)
  const head = ['', ...columns.map((column) => column.heading), ...(hasVerification ? ['verified'] : [])]
  const body = summary.rows.map((row) => [
    row.refusal === undefined ? row.server : `${row.server} (refused)`,
    ...columns.map((column) => writeSpread(row.figures[column.key], column.unit)),
    ...(hasVerification ? [writeVerification(row.verification)] : []),
  ])
  const lines = [head, ...body]
  if (Object.keys(summary.ratios).length > 0) lines.push(writeRatios(summary, columns, hasVerification))
  const remarks = summary.rows.flatMap(writeRemarks)
  return [`${summary.case.scenario}: ${summary.case.title}`, ...align(lines), ...remarks].join('\n')
}

function writeRatios(summary: Summary, columns: readonly Column[], hasVerification: boolean): string[] {
  const cells = columns.map((column) => summary.ratios[column.key]?.toFixed(2) ?? '')
  return [`parley/${summary.besideName ?? ''}`, ...cells, ...(hasVerification ? [''] : [])]
}

/** Writes a median with its spread. */
export function writeSpread(spread: Spread | undefined, unit: Unit): string {
  if (spread === undefined) return '–'
  const middle = writeFigure(spread.median, unit)
  if (spread.lowest === spread.highest) return middle
  const number = (value: number): string => writeFigure(value, unit).split(' ')[0] ?? ''
  return `${middle} (${number(spread.lowest)}–${number(spread.highest)})`
}

/** Writes a figure with its unit. */
export function writeFigure(value: number, unit: Unit): string {
  switch (unit) {
    case 'count':
    case 'per-second':
      return Math.round(value).toLocaleString('en')
    case 'microseconds':
      return `${value < 100 ? value.toFixed(2) : Math.round(value).toLocaleString('en')} µs`
    case 'milliseconds':
      return `${value < 100 ? value.toFixed(2) : Math.round(value).toLocaleString('en')} ms`
    case 'kibibytes':
      return value < 1000 ? `${value.toFixed(1)} KiB` : `${(value / 1024).toFixed(1)} MiB`
    case 'fraction':
      return `${Math.round(value * 100)} %`
    case 'cores':
      return value.toFixed(2)
  }
}

/** Writes what became of the messages. */
export function writeVerification(verification: Verification | undefined): string {
  if (verification === undefined) return '–'
  const { sent, lost, doubled, disordered, foreign } = verification
  const foreigners = foreign > 0 ? `, ${foreign} FOREIGN` : ''
  return `${sent.toLocaleString('en')} sent: ${lost} lost, ${doubled} doubled, ${disordered} out of order${foreigners}`
}

/** Writes notes and faults, a line each. */
export function writeRemarks(row: Row): string[] {
  return [
    ...row.notes.map((note) => `  note, ${row.server}, ${note}`),
    ...row.faults.map((fault) => `  FAULT, ${row.server}, ${fault}`),
    ...(row.refusal === undefined
      ? []
      : [`  REFUSED, ${row.server}: ${row.refusal}; these figures are no measure of the server`]),
  ]
}

/** Pads cells to columns; one line each. */
export function align(lines: readonly (readonly string[])[]): string[] {
  const widths = (lines[0] ?? []).map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)))
  return lines.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}
