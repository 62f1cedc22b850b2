/** The text of a message, the same on every wire. Pure. */
import { filler, type MessageShape, type Route } from '../frame.ts'

/** A text with a mark whose sequence number is still zero. */
export function markedText(route: Route, shape: MessageShape): string {
  return `~${String(route.number).padStart(5, '0')}:${'0'.repeat(10)}~${filler(shape.size)}`
}
