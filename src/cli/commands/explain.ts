/** `parley explain`: what became of one message. */
import type { Command } from 'commander'
import { neutraliseLine } from '../chat/neutralise.ts'
import { CliError, ExitCode } from '../cli-error.ts'
import { type CliContext, print } from '../context.ts'
import { examplesText } from '../help.ts'
import { withServer } from '../server-access.ts'
import { addSettingsOptions, requireSettings, type SettingsOptions } from '../settings-options.ts'

interface ExplainOptions extends SettingsOptions {
  readonly json?: boolean
}

/** Describes the command and binds it to its world. */
export function addExplain(parent: Command, context: CliContext): void {
  const command = parent
    .command('explain')
    .summary('show what became of one message')
    .description(
      'Shows what a server on this machine knows of one message, step by step: accepted, checked, stored, sent, acknowledged, read, or why not (rejected with its code, dropped, removed, waiting). Exit code 1 when it is not, or no longer, known.',
    )
    .argument('<message>', 'the MsgId, as "parley send" prints it')
    .option('--json', 'one JSON object a line: {"time": 1700000000000, "step": "stored", "detail": "…"}')
  addSettingsOptions(command, ['dataDir'])
    .addHelpText('after', examplesText([['parley explain e5-17-0a1b2c3d4e5f', 'the life of that message']]))
    .action((msgId: string, options: ExplainOptions) => explain(context, msgId, options))
}

async function explain(context: CliContext, msgId: string, options: ExplainOptions): Promise<void> {
  const { settings } = requireSettings(context, options)
  const { known, steps } = await withServer(settings.dataDir, (control) => control.call('explain', { msgId }))
  if (!known) {
    throw new CliError(ExitCode.failed, `The server does not know ${neutraliseLine(msgId)}, or not any more.`)
  }
  for (const { time, step, detail } of steps) {
    const date = new Date(time)
    const when = Number.isNaN(date.getTime()) ? String(time) : date.toISOString()
    const more = detail === undefined ? '' : `  ${neutraliseLine(detail)}`
    print(context, options.json ? JSON.stringify({ time, step, detail }) : `${when}  ${neutraliseLine(step)}${more}`)
  }
}
