/** How settings are called: in the program `frameBytesMax`, outside `PARLEY_FRAME_BYTES_MAX`. */

/** What all names outside begin with. */
export const settingPrefix = 'PARLEY_'

/** The environment variable of a property. */
export function variableOf(property: string): string {
  return settingPrefix + property.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()
}

/**
 * What a person meant by a name that does not exist, or nothing when none is near: the known name with
 * the fewest changed letters, at most a third of its length.
 */
export function nearestName(name: string, known: Iterable<string>): string | undefined {
  let nearest: string | undefined
  let fewest = Number.POSITIVE_INFINITY
  for (const candidate of known) {
    const changes = changesBetween({ from: name, to: candidate })
    if (changes < fewest && changes <= Math.max(2, candidate.length / 3)) {
      fewest = changes
      nearest = candidate
    }
  }
  return nearest
}

/** Letters that must be added, removed, replaced or swapped with their neighbour (optimal string alignment distance). */
function changesBetween(words: { from: string; to: string }): number {
  const { from, to } = words
  let before: number[] = []
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (let row = 1; row <= from.length; row++) {
    const current = [row]
    for (let column = 1; column <= to.length; column++) {
      const same = from[row - 1] === to[column - 1]
      let changes = Math.min(
        cell(previous, column) + 1,
        cell(current, column - 1) + 1,
        cell(previous, column - 1) + (same ? 0 : 1),
      )
      if (row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]) {
        changes = Math.min(changes, cell(before, column - 2) + 1)
      }
      current.push(changes)
    }
    before = previous
    previous = current
  }
  return cell(previous, to.length)
}

function cell(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY
}
