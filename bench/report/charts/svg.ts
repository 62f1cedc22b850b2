/** Pieces of SVG and HTML as text. Pure. */

/** Colours that the page defines, for light and dark. */
export const seriesColours = 8

/** The colour of a series. */
export function colour(index: number): string {
  return `var(--s${(index % seriesColours) + 1})`
}

/** Makes text harmless in HTML and in its attributes. */
export function harmless(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

/** A number for a coordinate: short, since there are many. */
export function place(value: number): string {
  return value.toFixed(1).replace(/\.0$/, '')
}

/** A figure at an axis: short. */
export function shortFigure(value: number): string {
  const size = Math.abs(value)
  if (size >= 1e6) return `${trim(value / 1e6)}M`
  if (size >= 1e4) return `${trim(value / 1e3)}k`
  if (size >= 1000) return value.toLocaleString('en')
  return trim(value)
}

function trim(value: number): string {
  return String(Number(value.toPrecision(3)))
}

/** The head of a chart: its title, what its figures are, and the names of its series. */
export function chartFrame(options: {
  readonly title: string
  readonly about: string
  readonly legend: readonly { readonly name: string; readonly colour: string }[]
  readonly svg: string
}): string {
  const keys = options.legend
    .map((one) => `<span class="key"><i style="background:${one.colour}"></i>${harmless(one.name)}</span>`)
    .join('')
  return `<figure><figcaption><b>${harmless(options.title)}</b><span class="about">${harmless(options.about)}</span></figcaption>${
    options.legend.length > 1 ? `<div class="keys">${keys}</div>` : ''
  }${options.svg}</figure>`
}
