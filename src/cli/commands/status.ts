/** `parley status`: what the running server says of itself. */
import type { Command } from 'commander'
import { neutraliseLine } from '../chat/neutralise.ts'
import { type CliContext, print } from '../context.ts'
import { examplesText } from '../help.ts'
import { withServer } from '../server-access.ts'
import { addSettingsOptions, requireSettings, type SettingsOptions } from '../settings-options.ts'

interface StatusOptions extends SettingsOptions {
  readonly json?: boolean
}

/** Describes the command and binds it to its world. */
export function addStatus(parent: Command, context: CliContext): void {
  const command = parent
    .command('status')
    .summary('show how the running server is')
    .description('Shows what the server that runs on the data directory says of itself. Exit code 69 when none runs.')
    .option('--json', 'as one JSON object')
  addSettingsOptions(command, ['dataDir'])
    .addHelpText(
      'after',
      examplesText([
        ['parley status', 'for people'],
        ['parley status --json | jq .sessions', 'for scripts'],
      ]),
    )
    .action((options: StatusOptions) => status(context, options))
}

async function status(context: CliContext, options: StatusOptions): Promise<void> {
  const { settings } = requireSettings(context, options)
  const answer = await withServer(settings.dataDir, (control) => control.call('status', {}))
  if (options.json) {
    print(context, JSON.stringify(answer, undefined, 2))
    return
  }
  for (const line of statusLines(answer, '')) print(context, neutraliseLine(line))
}

/** Nested objects as indented lines; it shows whatever a server says, also one of another version. */
export function statusLines(value: object, indent: string): string[] {
  return Object.entries(value).flatMap(([name, member]: [string, unknown]) => {
    if (Array.isArray(member) && member.every((item) => typeof item === 'object' && item !== null)) {
      return [`${indent}${name}:`, ...member.map((item) => `${indent}  ${inline(item)}`)]
    }
    if (typeof member === 'object' && member !== null && !Array.isArray(member)) {
      return [`${indent}${name}:`, ...statusLines(member, `${indent}  `)]
    }
    return [`${indent}${name}: ${inline(member)}`]
  })
}

function inline(value: unknown): string {
  if (Array.isArray(value)) return value.map(inline).join(', ')
  if (typeof value !== 'object' || value === null) return String(value)
  return Object.entries(value)
    .map(([name, member]) => `${name} ${inline(member)}`)
    .join(', ')
}
