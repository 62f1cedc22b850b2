/** A log that keeps its lines for the test. */
import type { ServerLog } from '../../src/server/event-log.ts'

/** One line. */
export interface LogLine {
  readonly level: keyof ServerLog
  readonly message: string
  readonly fields: { readonly [name: string]: unknown }
}

/** Makes the log and the list that it fills. */
export function recordingLog(): { log: ServerLog; lines: LogLine[] } {
  const lines: LogLine[] = []
  const at =
    (level: keyof ServerLog) =>
    (fields: object, message: string): void => {
      lines.push({ level, message, fields: { ...fields } })
    }
  return { log: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }, lines }
}
