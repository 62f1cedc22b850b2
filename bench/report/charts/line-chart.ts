/** A chart of lines over a common axis. Figures of one place are shown together where the pointer is. Pure. */
import { linearScale, logScale } from './scale.ts'
import { chartFrame, colour, harmless, place, shortFigure } from './svg.ts'

/** One line: pieces of points, between which it is interrupted. */
export interface Line {
  readonly name: string
  readonly pieces: readonly (readonly (readonly [x: number, y: number])[])[]
  /** Lowest and highest figure at a place, when there is a spread. */
  readonly spreads?: readonly { readonly x: number; readonly lowest: number; readonly highest: number }[]
  /** Which colour; by the line's place unless said otherwise. */
  readonly colour?: number
}

/** What to draw. */
export interface LineChart {
  readonly title: string
  /** What the vertical axis shows. */
  readonly about: string
  /** What the horizontal axis shows. */
  readonly xAbout: string
  readonly lines: readonly Line[]
  readonly x?: { readonly isLog?: boolean; readonly ticks?: readonly number[]; readonly write?: (x: number) => string }
  readonly y?: { readonly isLog?: boolean; readonly write?: (y: number) => string }
  /** Whether points are shown as dots. */
  readonly hasDots?: boolean
}

const width = 480
const height = 220
const [left, right, top, bottom] = [52, 24, 10, 38]

/** Draws it; an empty text when there is nothing to draw. */
export function lineChart(chart: LineChart): string {
  const points = chart.lines.flatMap((line) => line.pieces.flat())
  if (points.length === 0) return ''
  const spreads = chart.lines.flatMap((line) => line.spreads ?? [])
  const xs = points.map(([x]) => x)
  const ys = [...points.map(([, y]) => y), ...spreads.flatMap(({ lowest, highest }) => [lowest, highest])]
  const { x = {}, y = {} } = chart
  const xPlaces = [left, width - right] as const
  const yPlaces = [height - bottom, top] as const
  const xScale = x.isLog ? logScale(xs, xPlaces, x.ticks) : linearScale(xs, xPlaces, { from0: false, isWhole: true })
  const yScale = y.isLog ? logScale(ys, yPlaces) : linearScale(ys, yPlaces)
  const writeX = x.write ?? shortFigure
  const writeY = y.write ?? shortFigure
  const grid = yScale.ticks.map((tick) => {
    const at = place(yScale.at(tick))
    return `<line class="grid" x1="${left}" x2="${width - right}" y1="${at}" y2="${at}"/><text class="tick" x="${left - 7}" y="${at}" dy="0.32em" text-anchor="end">${harmless(shortFigure(tick))}</text>`
  })
  const xTicks = xScale.ticks.map(
    (tick) =>
      `<text class="tick" x="${place(xScale.at(tick))}" y="${height - bottom + 16}" text-anchor="middle">${harmless(writeX(tick))}</text>`,
  )
  const lines = chart.lines.map((line, index) => {
    const stroke = colour(line.colour ?? index)
    const path = line.pieces
      .map((piece) =>
        piece.map(([px, py], at) => `${at === 0 ? 'M' : 'L'}${place(xScale.at(px))} ${place(yScale.at(py))}`).join(''),
      )
      .join('')
    const dots = chart.hasDots
      ? line.pieces
          .flat()
          .map(
            ([px, py]) =>
              `<circle cx="${place(xScale.at(px))}" cy="${place(yScale.at(py))}" r="3.2" fill="${stroke}"/>`,
          )
      : []
    const whiskers = (line.spreads ?? []).map((spread) => {
      const at = place(xScale.at(spread.x))
      return `<line x1="${at}" x2="${at}" y1="${place(yScale.at(spread.lowest))}" y2="${place(yScale.at(spread.highest))}" stroke="${stroke}" stroke-opacity="0.45" stroke-width="5"/>`
    })
    return `${whiskers.join('')}<path d="${path}" fill="none" stroke="${stroke}" stroke-width="2" stroke-linejoin="round"/>${dots.join('')}`
  })
  const tips = tipsOf(chart, { at: xScale.at, writeX, writeY })
  const svg = `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${harmless(chart.title)}" data-tips="${harmless(JSON.stringify(tips))}">${grid.join('')}<line class="axis" x1="${left}" x2="${width - right}" y1="${height - bottom}" y2="${height - bottom}"/>${xTicks.join('')}<text class="tick" x="${(left + width - right) / 2}" y="${height - 4}" text-anchor="middle">${harmless(chart.xAbout)}</text>${lines.join('')}<line class="cursor" y1="${top}" y2="${height - bottom}" x1="-9" x2="-9"/></svg>`
  const legend = chart.lines.map((line, index) => ({ name: line.name, colour: colour(line.colour ?? index) }))
  return chartFrame({ title: chart.title, about: chart.about, legend, svg })
}

/** What the pointer shows at each place: `[place, heading, [[name, figure], …]]`. At most so many places. */
function tipsOf(
  chart: LineChart,
  write: { at: (x: number) => number; writeX: (x: number) => string; writeY: (y: number) => string },
): [number, string, [string, string][]][] {
  const byX = new Map<number, [string, string][]>()
  for (const line of chart.lines) {
    for (const [x, y] of line.pieces.flat()) {
      const entry = byX.get(x) ?? []
      entry.push([line.name, write.writeY(y)])
      byX.set(x, entry)
    }
  }
  return [...byX].sort((a, b) => a[0] - b[0]).map(([x, entry]) => [Math.round(write.at(x)), write.writeX(x), entry])
}
