/** `parley tune`: finds out which settings are worth changing on this machine. */
import type { Command } from 'commander'
import { runBench } from '../bench-process.ts'
import type { CliContext } from '../context.ts'
import { examplesText } from '../help.ts'

interface TuneOptions {
  readonly seconds?: string
  readonly rounds?: string
  readonly only?: string
  readonly html?: string
}

/** Describes the command and binds it to its world. */
export function addTune(parent: Command, context: CliContext): void {
  parent
    .command('tune')
    .summary('find settings for this machine')
    .description(
      'Runs short loads on servers of its own over sizes of the worker pool, sizes of its batches, and numbers of acceptor threads where the platform can share the port. Shows a table and a plot of each, and the lines for the file .env. What looks better is measured a second time; where differences are within noise, the defaults are recommended. Takes some minutes; the machine should do nothing else meanwhile.',
    )
    .option('--seconds <count>', 'time measured per value and round (2)')
    .option('--rounds <count>', 'rounds (3)')
    .option('--only <setting>', 'only this setting, as PARLEY_POOL_MAX_THREADS')
    .option('--html <file>', 'one page with plots as well')
    .addHelpText(
      'after',
      examplesText([
        ['parley tune', 'everything'],
        ['parley tune --only PARLEY_POOL_MAX_THREADS --html tuned.html', 'one setting, with a page'],
      ]),
    )
    .action((options: TuneOptions) => tune(context, options))
}

async function tune(context: CliContext, options: TuneOptions): Promise<void> {
  const args = Object.entries(options).flatMap(([name, value]: [string, unknown]) =>
    typeof value === 'string' ? [`--${name}`, value] : [],
  )
  context.setExitCode(await runBench(context, 'tune/main.js', args))
}
