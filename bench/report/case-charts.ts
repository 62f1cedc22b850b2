/** The plots of one case: over time, over percentiles, and what server and pool did meanwhile. Pure. */
import type { LoadSample } from '../scenarios/load.ts'
import { barChart } from './charts/bar-chart.ts'
import { type Line, lineChart } from './charts/line-chart.ts'
import type { CaseDocument } from './document.ts'
import { judgeSweep } from './sweep.ts'
import { writeFigure, writeSpread } from './table.ts'

type ServerDocument = CaseDocument['servers'][number]

/** The plots of a case that has one row for each value of a swept setting. */
export function sweepCharts(one: CaseDocument, setting: string): string {
  const finding = judgeSweep(one, setting)
  if (finding === undefined) return ''
  const bars = finding.values.map(({ value, spread, isLikeBest }) => ({
    name: value,
    ...spread,
    text: writeSpread(spread, finding.column.unit),
    isBest: value === finding.best.value,
    colour: value === finding.best.value ? 2 : isLikeBest ? 0 : 7,
  }))
  return barChart({
    title: `${finding.column.heading} by ${setting}`,
    about: 'median and spread',
    bars,
  })
}

/** The plots of a case; of a sweep only the values are named. */
export function caseCharts(one: CaseDocument, setting?: string): string {
  const servers = one.servers.map((row) => ({ ...row, server: row.server.replace(`${setting}=`, '') }))
  return [
    overTime(servers, {
      title: one.scenario === 'logins' ? 'Logins over time' : 'Throughput over time',
      about: 'a second',
      read: (sample) => sample.done,
    }),
    percentileChart(servers),
    poolCharts(servers.filter(hasPool)),
    overTime(servers, {
      title: 'CPU of the server',
      about: 'cores',
      read: (sample) => sample.serverCores,
    }),
    overTime(servers, { title: 'CPU of the generators', about: 'cores', read: (sample) => sample.generatorCores }),
    overTime(servers, {
      title: 'Memory of the server',
      about: 'MiB resident',
      read: (sample) => (sample.residentBytes === undefined ? undefined : sample.residentBytes / 2 ** 20),
    }),
  ].join('')
}

/** What a figure was over the cases of one scenario that differ by a number. */
export function scaleCharts(cases: readonly CaseDocument[]): string {
  const columns = (cases[0]?.columns ?? []).slice(0, 3)
  return columns
    .map((column) => {
      const names = [...new Set(cases.flatMap((one) => one.servers.map((row) => row.server)))]
      const lines = names.map((name): Line => {
        const found = cases.flatMap(({ scale, servers }) => {
          const spread = servers.find((row) => row.server === name)?.figures[column.key]
          return scale === undefined || spread === undefined ? [] : [{ x: scale, spread }]
        })
        return {
          name,
          pieces: [found.map(({ x, spread }) => [x, spread.median] as const)],
          spreads: found.map(({ x, spread }) => ({ x, lowest: spread.lowest, highest: spread.highest })),
        }
      })
      const ticks = cases.flatMap((one) => one.scale ?? [])
      return lineChart({
        title: column.heading,
        about: `${unitOf(column.unit)}, median and spread`,
        xAbout: 'connections',
        lines,
        x: { isLog: true, ticks, write: (x) => x.toLocaleString('en') },
        y: { write: (y) => writeFigure(y, column.unit) },
        hasDots: true,
      })
    })
    .join('')
}

function unitOf(unit: string): string {
  return unit === 'per-second' ? 'a second' : unit
}

/** One line a server; the rounds behind one another, with a gap between them. */
function overTime(
  servers: readonly ServerDocument[],
  what: { title: string; about: string; read: (sample: LoadSample) => number | undefined },
): string {
  const lines = servers.map(
    (server, index): Line => ({ name: server.server, pieces: piecesOf(server, what.read), colour: index }),
  )
  return timeChart(what, lines)
}

/** One server has its threads beside those at work; several have a line each. */
function poolCharts(servers: readonly ServerDocument[]): string {
  const [only, ...others] = servers
  if (only === undefined) return ''
  const title = 'Pool threads'
  const threads =
    others.length > 0
      ? overTime(servers, {
          title: `${title} at work`,
          about: 'each second',
          read: (sample) => sample.status?.poolBusy,
        })
      : timeChart({ title, about: only.server }, [
          { name: 'threads', pieces: piecesOf(only, (sample) => sample.status?.poolThreads), colour: 4 },
          { name: 'at work', pieces: piecesOf(only, (sample) => sample.status?.poolBusy), colour: 5 },
        ])
  const read = (sample: LoadSample): number | undefined => sample.status?.poolQueued
  return threads + overTime(servers, { title: 'Pool queue', about: 'items that wait', read })
}

function timeChart(what: { title: string; about: string }, lines: readonly Line[]): string {
  const drawn = lines.filter((line) => line.pieces.some((piece) => piece.length > 0))
  return lineChart({ ...what, xAbout: 'seconds of all rounds', lines: drawn, hasDots: true })
}

function piecesOf(
  server: ServerDocument,
  read: (sample: LoadSample) => number | undefined,
): (readonly [number, number])[][] {
  let second = 0
  return server.rounds.map((round) =>
    (round.load?.samples ?? []).flatMap((sample) => {
      second++
      const figure = read(sample)
      return figure === undefined ? [] : [[second, figure] as const]
    }),
  )
}

/** Whether the pool did anything; of a case that leaves it alone the plots would say nothing. */
function hasPool(server: ServerDocument): boolean {
  const samples = server.rounds.flatMap((round) => round.load?.samples ?? [])
  return samples.some(({ status }) => (status?.poolBusy ?? 0) > 0 || (status?.poolQueued ?? 0) > 0)
}

/** Nines are what one looks for, so the axis counts them: 0.9 is as far from 0.99 as that from 0.999. */
function percentileChart(servers: readonly ServerDocument[]): string {
  const lines = servers.map((server, index): Line => {
    const rounds = server.rounds.flatMap((round) => round.times ?? [])
    const middle = [...rounds].sort((a, b) => a.p99Ms - b.p99Ms)[Math.floor((rounds.length - 1) / 2)]
    const points = (middle?.percentiles ?? []).flatMap(([percentile, ms]): (readonly [number, number])[] => {
      const rest = Math.max(1 - percentile / 100, 1 / (middle?.count ?? 1))
      return ms > 0 && rest <= 0.9 ? [[1 / rest, ms]] : []
    })
    return { name: server.server, pieces: [points], colour: index }
  })
  const drawn = lines.filter((line) => line.pieces.some((piece) => piece.length > 0))
  const furthest = Math.max(...drawn.flatMap((line) => line.pieces.flat().map(([x]) => x)), 100)
  const ticks = [2, 10, 100, 1000, 10_000, 100_000].filter((tick) => tick <= furthest * 1.5)
  return lineChart({
    title: 'Times by percentile',
    about: 'ms, the middle round',
    xAbout: 'percentile',
    lines: drawn,
    x: { isLog: true, ticks, write: (x) => `${Number((100 * (1 - 1 / x)).toPrecision(6))} %` },
    y: { isLog: true, write: (y) => writeFigure(y, 'milliseconds') },
  })
}
