/** `parley doctor`: looks for what could keep a server from working here. */
import type { Command } from 'commander'
import { CliError, ExitCode } from '../cli-error.ts'
import { type CliContext, print } from '../context.ts'
import { type Finding, runChecks } from '../doctor-checks.ts'
import { examplesText } from '../help.ts'
import { addSettingsOptions, findSettings, problemsText, type SettingsOptions } from '../settings-options.ts'

interface DoctorOptions extends SettingsOptions {
  readonly json?: boolean
}

/** Describes the command and binds it to its world. */
export function addDoctor(parent: Command, context: CliContext): void {
  const command = parent
    .command('doctor')
    .summary('look for what could keep a server from working')
    .description(
      'Looks for what could keep a server from working here: Node, native packages, settings, the data directory, ports, the limit on open files, disk space. Changes nothing. Exit code 1 when something is wrong.',
    )
    .option('--json', 'one JSON object a line')
  addSettingsOptions(command, ['host', 'port', 'wsPort', 'dataDir'])
    .addHelpText('after', examplesText([['parley doctor', 'look at everything']]))
    .action((options: DoctorOptions) => doctor(context, options))
}

async function doctor(context: CliContext, options: DoctorOptions): Promise<void> {
  const found = findSettings(context, options)
  if (found.kind === 'refused') throw new CliError(ExitCode.usage, problemsText(found))
  const warnings = found.warnings.map((detail): Finding => ({ check: 'settings', state: 'warning', detail }))
  const findings = [...warnings, ...(await runChecks(found.settings))]
  for (const finding of findings) print(context, options.json ? JSON.stringify(finding) : findingLine(finding))
  const wrong = findings.filter((finding) => finding.state === 'wrong').length
  if (wrong > 0) throw new CliError(ExitCode.failed, `${wrong} of ${findings.length} checks failed.`)
}

const marks = { fine: '  ok   ', warning: '  warn ', wrong: '  FAIL ' } as const

function findingLine({ check, state, detail }: Finding): string {
  return `${marks[state]} ${check}: ${detail}`
}
