/** `parley config`: the commands for settings. */
import type { Command } from 'commander'
import type { CliContext } from '../context.ts'
import { addConfigCheck } from './config-check.ts'
import { addConfigDocs } from './config-docs.ts'
import { addConfigPrint } from './config-print.ts'

/** Describes the commands and binds them to their world. */
export function addConfig(parent: Command, context: CliContext): void {
  const command = parent
    .command('config')
    .summary('check, show and explain settings')
    .description(
      'Checks, shows and explains settings. A setting comes from an option, else from the environment (PARLEY_…), else from a .env file in the working directory, else it has its default.',
    )
  addConfigCheck(command, context)
  addConfigPrint(command, context)
  addConfigDocs(command, context)
}
