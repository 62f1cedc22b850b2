/** Tables for a terminal: columns as wide as their widest cell, by what a terminal shows and not by code units. */

// Scripts and forms that terminals show two columns wide (UAX #11, W and F), near enough for names.
const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]/u
const zeroWidth = /\p{M}/u

/** How many columns a terminal takes for a text. */
export function displayWidth(text: string): number {
  let width = 0
  for (const character of text) {
    if (!zeroWidth.test(character)) width += wide.test(character) ? 2 : 1
  }
  return width
}

/** Lines of a table with a heading, columns two spaces apart, no space at the ends of lines. */
export function formatTable(heading: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const all = [heading, ...rows]
  const widths = heading.map((_, column) =>
    all.reduce((most, row) => Math.max(most, displayWidth(row[column] ?? '')), 0),
  )
  return all.map((row) =>
    row
      .map((text, column) => text + ' '.repeat(Math.max(0, (widths[column] ?? 0) - displayWidth(text))))
      .join('  ')
      .trimEnd(),
  )
}
