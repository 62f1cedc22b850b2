/** What tuning found, as a page. Pure. */
import { harmless } from '../report/charts/svg.ts'
import type { ReportDocument } from '../report/document.ts'
import { machineLines, sectionsOf } from '../report/page.ts'
import { pageFrame } from '../report/page-frame.ts'

/** Makes the page. */
export function tunePage(tuning: {
  readonly documents: readonly ReportDocument[]
  readonly verdict: string
  readonly lines: readonly string[]
}): string {
  const [first] = tuning.documents
  const head = [
    first === undefined ? '' : machineLines(first),
    `<p><b>${harmless(tuning.verdict)}</b></p><pre>${harmless(tuning.lines.join('\n'))}</pre>`,
  ].join('')
  return pageFrame({ title: 'Parley tuned', head, body: tuning.documents.map(sectionsOf).join('\n') })
}
