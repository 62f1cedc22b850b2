/** `parley keys show`: shows by what clients know the server. */
import type { Command } from 'commander'
import { fingerprintBlocks } from '../../security/fingerprint-blocks.ts'
import { type CliContext, print } from '../context.ts'
import { examplesText } from '../help.ts'
import { readServerKeys } from '../server-keys.ts'
import { addSettingsOptions, requireSettings, type SettingsOptions } from '../settings-options.ts'

interface KeysShowOptions extends SettingsOptions {
  readonly json?: boolean
}

/** Describes the command and binds it to its world. */
export function addKeysShow(parent: Command, context: CliContext): void {
  const command = parent
    .command('show')
    .summary("show the server's fingerprint")
    .description(
      'Shows the fingerprint of the server, as clients pin it and as people compare it. Nothing of it is secret.',
    )
    .option('--json', 'one JSON object')
  addSettingsOptions(command, ['dataDir'])
    .addHelpText('after', examplesText([['parley keys show', 'what to compare with what a client shows']]))
    .action((options: KeysShowOptions) => keysShow(context, options))
}

async function keysShow(context: CliContext, options: KeysShowOptions): Promise<void> {
  const { settings } = requireSettings(context, options)
  const { identity, running } = await readServerKeys(settings.dataDir)
  if (options.json) {
    print(context, JSON.stringify({ Thumbprint: identity, Blocks: fingerprintBlocks(identity), ...moreOf(running) }))
    return
  }
  print(context, `Fingerprint  ${identity}`)
  print(context, `In blocks    ${fingerprintBlocks(identity)}`)
  if (running === undefined) return
  const { handshake, rotations, suites } = running
  print(context, `Handshakes   ${handshake.thumbprint}, until ${dateOf(handshake.notAfter)}`)
  print(context, `Suites       ${suites.join(', ')}`)
  for (const { thumbprint, time } of rotations) print(context, `Before       ${thumbprint}, until ${dateOf(time)}`)
}

function moreOf(running: Awaited<ReturnType<typeof readServerKeys>>['running']): object {
  if (running === undefined) return {}
  const { handshake, rotations, suites } = running
  return {
    HandshakeKey: {
      Thumbprint: handshake.thumbprint,
      NotBefore: dateOf(handshake.notBefore),
      NotAfter: dateOf(handshake.notAfter),
    },
    Rotations: rotations.map(({ thumbprint, time }) => ({ Thumbprint: thumbprint, Time: dateOf(time) })),
    Suites: suites,
  }
}

function dateOf(unixSeconds: number): string {
  return new Date(unixSeconds * 1000).toISOString()
}
