/** The settings as people read them: a Markdown table for the documentation, lines for `--help`, rows to print. */
import type { SettingSource } from './resolve.ts'
import type { SettingEntry, SettingMeta, SettingsShape } from './setting.ts'
import { variableOf } from './setting-names.ts'
import { settingsShape } from './settings.ts'

/** One setting with its value and where it came from, as text. */
export interface PrintedSetting {
  readonly variable: string
  readonly value: string
  readonly source: SettingSource
}

/** What stands in place of a secret. */
const redacted = '[set]'

/** The Markdown table of all settings, grouped; the same on every machine. */
export function settingsMarkdown(shape: SettingsShape = settingsShape): string {
  const lines = ['| setting | default | values | what it does |', '| --- | --- | --- | --- |']
  let group: string | undefined
  for (const [variable, meta] of described(shape)) {
    if (meta.group !== group) lines.push(`| **${meta.group}** | | | |`)
    group = meta.group
    const secret = meta.secret ? ` A secret: may also stand in the file that \`${variable}_FILE\` names.` : ''
    lines.push(`| \`${variable}\` | ${defaultCell(meta)} | ${cell(meta.values)} | ${cell(meta.about)}.${secret} |`)
  }
  return `${lines.join('\n')}\n`
}

/** The settings for the end of a `--help` text, 2 lines each. */
export function settingsHelp(shape: SettingsShape = settingsShape): string {
  const lines: string[] = []
  let group: string | undefined
  for (const [variable, meta] of described(shape)) {
    if (meta.group !== group) lines.push(`${group === undefined ? '' : '\n'}  ${meta.group}`)
    group = meta.group
    const values = meta.defaultRule ?? meta.defaultText
    lines.push(`    ${variable}  ${values === '' ? '(empty)' : values}`, `        ${meta.about.replaceAll('`', '')}`)
  }
  return lines.join('\n')
}

/** The resolved settings as text, in the order of the documentation; secrets are not shown. */
export function printedSettings<Shape extends SettingsShape>(
  shape: Shape,
  values: Readonly<Record<keyof Shape, unknown>>,
  sources: Readonly<Record<keyof Shape, SettingSource>>,
): PrintedSetting[] {
  return Object.entries(shape).map(([property, entry]: [keyof Shape & string, SettingEntry]) => ({
    variable: variableOf(property),
    value: printedValue(entry.meta, property, values[property]),
    source: sources[property],
  }))
}

/** A secret that is not set is shown as that, so that nobody takes for on what is off. */
function printedValue(meta: SettingMeta, property: string, value: unknown): string {
  if (value === undefined) return ''
  return meta.secret ? redacted : valueText(property, value)
}

function described(shape: SettingsShape): [string, SettingMeta][] {
  return Object.entries(shape).map(([property, entry]) => [variableOf(property), entry.meta])
}

function defaultCell(meta: SettingMeta): string {
  if (meta.defaultRule !== undefined) return cell(meta.defaultRule)
  return meta.defaultText === '' ? 'empty' : `\`${cell(meta.defaultText)}\``
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}

/** The value as it could be set again. */
function valueText(property: string, value: unknown): string {
  if (typeof value === 'boolean') return value ? 'on' : 'off'
  if (typeof value === 'number' && property.endsWith('Byte')) return `0x${value.toString(16).padStart(2, '0')}`
  return Array.isArray(value) ? value.join(',') : String(value)
}
