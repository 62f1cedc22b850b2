/** `parley bench`: measures the running server, or one started for it. */
import type { Command } from 'commander'
import { runBench } from '../bench-process.ts'
import { CliError, ExitCode } from '../cli-error.ts'
import type { CliContext } from '../context.ts'
import { connectControl } from '../control-client.ts'
import { examplesText } from '../help.ts'
import { addSettingsOptions, requireSettings, type SettingsOptions } from '../settings-options.ts'
import { wireConnection } from '../wire-access.ts'

interface BenchOptions extends SettingsOptions {
  readonly url?: string
  readonly own?: boolean
  readonly passwordFile?: string
}

/** What a server in service can be asked for without lifting its limits. */
const usualScenarios = 'latency,logins,mixed'
/** Within a user's limit of messages per second, and light enough to share a machine. */
const usualRate = '1000'

/** Describes the command and binds it to its world. */
export function addBench(parent: Command, context: CliContext): void {
  const command = parent
    .command('bench')
    .summary('measure the running server')
    .description(
      'Measures the server that runs on this machine: latency, logins, a mixed day; with other options whatever the benchmark knows. It makes users for the run through the control socket and removes them afterwards. All other options go to the benchmark; "parley bench -- --help" lists them. Exit codes: 0 all right, 1 a message was lost, doubled or out of order, 3 the figures are refused since the generator was the bottleneck.',
    )
    .option('--url <url>', 'the server: parley://127.0.0.1:7700; that of the settings where not given')
    .option('--own', 'start a server for it instead, and end it')
    .option('--password-file <file>', 'use existing users that share this password (see --user-prefix), and make none')
    .allowUnknownOption()
    .allowExcessArguments()
    .argument('[options...]', 'options of the benchmark')
  addSettingsOptions(command, ['host', 'port', 'dataDir'])
    .addHelpText(
      'after',
      examplesText([
        ['parley bench', 'the running server, gently'],
        ['parley bench --scenario mixed --users 500 --seconds 30 --html day.html', 'half a minute of a day, as a page'],
        ['parley bench --own --scenario throughput', 'what this machine can do'],
        ['parley bench --compare before.json after.json', 'two results, as --out writes them'],
      ]),
    )
    .action((_: readonly string[], options: BenchOptions) => bench(context, options, command.args))
}

async function bench(context: CliContext, options: BenchOptions, rest: readonly string[]): Promise<void> {
  const isAlone = options.own === true || ['--help', '-h', '--compare'].some((option) => rest.includes(option))
  const args = isAlone ? rest : [...(await targetArgs(context, options)), ...usualArgs(rest), ...rest]
  context.setExitCode(await runBench(context, 'main.js', args))
}

/** Where the server is, and who works on it. */
async function targetArgs(context: CliContext, options: BenchOptions): Promise<string[]> {
  const { settings } = requireSettings(context, options)
  const connection = wireConnection({}, settings)
  const host = connection.host?.includes(':') ? `[${connection.host}]` : connection.host
  const url = options.url ?? `parley://${host}:${connection.port}`
  const target = ['--servers', 'parley', '--url', url]
  if (options.passwordFile !== undefined) target.push('--password-file', options.passwordFile)
  const control = await connectControl(settings.dataDir)
  control?.close()
  if (control !== undefined) return [...target, '--data-dir', settings.dataDir]
  if (options.passwordFile !== undefined) return target
  throw new CliError(
    ExitCode.unavailable,
    `No server runs on the data directory ${settings.dataDir}.\nName the directory of the one that runs with --data-dir FOLDER, give existing users with --password-file, or let the benchmark start one: parley bench --own`,
  )
}

/** What is asked for where nothing is. */
function usualArgs(rest: readonly string[]): string[] {
  const has = (name: string): boolean => rest.some((one) => one === name || one.startsWith(`${name}=`))
  return [
    ...(has('--scenario') ? [] : ['--scenario', usualScenarios]),
    ...(has('--rate') || has('--scenario') ? [] : ['--rate', usualRate]),
  ]
}
