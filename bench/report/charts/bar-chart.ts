/** A chart of bars that lie beside their names, each with its spread. Pure. */
import { linearScale } from './scale.ts'
import { chartFrame, colour, harmless, place, shortFigure } from './svg.ts'

/** One bar. */
export interface Bar {
  readonly name: string
  readonly median: number
  readonly lowest: number
  readonly highest: number
  /** The figure with its unit. */
  readonly text: string
  readonly colour?: number
  /** Whether it stands out. */
  readonly isBest?: boolean
}

/** What to draw. */
export interface BarChart {
  readonly title: string
  readonly about: string
  readonly bars: readonly Bar[]
}

const width = 480
const rowHeight = 24
const right = 150
const top = 6
const characterWidth = 7

/** Draws it; an empty text when there is nothing to draw. */
export function barChart(chart: BarChart): string {
  if (chart.bars.length === 0) return ''
  const left = Math.min(240, 16 + characterWidth * Math.max(...chart.bars.map((bar) => bar.name.length)))
  const height = top + chart.bars.length * rowHeight + 26
  const scale = linearScale(
    chart.bars.map((bar) => bar.highest),
    [left, width - right],
  )
  const floor = height - 24
  const grid = scale.ticks.map((tick) => {
    const at = place(scale.at(tick))
    return `<line class="grid" x1="${at}" x2="${at}" y1="${top}" y2="${floor}"/><text class="tick" x="${at}" y="${floor + 15}" text-anchor="middle">${harmless(shortFigure(tick))}</text>`
  })
  const bars = chart.bars.map((bar, index) => {
    const y = top + index * rowHeight
    const middle = y + rowHeight / 2
    const fill = colour(bar.colour ?? 0)
    const end = scale.at(bar.median)
    return [
      `<text class="name${bar.isBest ? ' best' : ''}" x="${left - 8}" y="${middle}" dy="0.34em" text-anchor="end">${harmless(bar.name)}</text>`,
      `<rect x="${left}" y="${y + 5}" width="${place(Math.max(1, end - left))}" height="${rowHeight - 10}" rx="2" fill="${fill}" fill-opacity="${bar.isBest === false ? 0.5 : 0.9}"/>`,
      `<path class="whisker" d="M${place(scale.at(bar.lowest))} ${middle}H${place(scale.at(bar.highest))}M${place(scale.at(bar.lowest))} ${middle - 4}v8M${place(scale.at(bar.highest))} ${middle - 4}v8"/>`,
      `<text class="figure${bar.isBest ? ' best' : ''}" x="${place(Math.max(end, scale.at(bar.highest)) + 8)}" y="${middle}" dy="0.34em">${harmless(bar.text)}</text>`,
    ].join('')
  })
  const svg = `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${harmless(chart.title)}">${grid.join('')}${bars.join('')}</svg>`
  return chartFrame({ title: chart.title, about: chart.about, legend: [], svg })
}
