/**
 * Whether and how a command seals its session: by its options, by what is known of the server, and by where that is. A password
 * goes in plain only where it was said so, to this machine, or through TLS.
 */
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { Command } from 'commander'
import { readAddress } from '../client/address.ts'
import { type ConnectOptions, connect, ParleyError, type SealOptions, type ServerKey } from '../client/index.ts'
import { serverName } from '../client/known-hosts.ts'
import { KnownHostsFile } from '../client/known-hosts-file.ts'
import type { Address } from '../client/transport.ts'
import { neutraliseLine } from './chat/neutralise.ts'
import { CliError, ExitCode } from './cli-error.ts'
import { configFolder, userFileName } from './config-folder.ts'
import { type CliContext, note } from './context.ts'
import { loadDeviceKey } from './device-key-file.ts'
import { fingerprintArgument } from './fingerprint-argument.ts'
import { askLine } from './prompt.ts'

/** The options, as commander gives them. */
export interface SealingOptions {
  readonly seal?: boolean
  readonly plain?: boolean
  readonly pin?: string
  readonly knownHosts?: string
  readonly key?: string
  readonly acceptNew?: boolean
}

/** How long a server may take to say whether it takes plain sessions. */
const probeTimeoutMs = 5_000

/** Adds the options to a command. */
export function addSealingOptions(command: Command): Command {
  return command
    .option('--seal', 'seal the session (the default but on this machine, and with wss://)')
    .option('--plain', 'do not seal the session: the password and all texts can be read on the way')
    .option('--pin <fingerprint>', "the server's fingerprint; nothing else is trusted", fingerprintArgument)
    .option('--accept-new', 'trust a server that is met for the first time, without asking')
    .option('--known-hosts <file>', 'where the fingerprints of servers are remembered')
    .option('--key <file>', 'the private key of this device; made when there is none')
}

/**
 * The part of the connection that seals it; nothing when it goes in plain.
 *
 * @param must that the command needs a sealed session
 * @throws CliError for options that contradict each other, or files that can't be used
 */
export async function sealingOf(
  context: CliContext,
  options: SealingOptions,
  target: { readonly connection: ConnectOptions; readonly userId: string; readonly must?: boolean },
): Promise<Pick<ConnectOptions, 'seal' | 'keyPins'>> {
  const { connection, userId, must = false } = target
  const wanted = must || options.seal || options.pin !== undefined
  if (options.plain && wanted) throw new CliError(ExitCode.usage, '--plain and a sealed session: one or the other')
  if (options.plain) return {}
  const address = readAddress(connection)
  const server = serverName(address)
  const files = filesOf(context, options, userId)
  const isKnown =
    files.knownHosts !== undefined && (await new KnownHostsFile(files.knownHosts).find(server)) !== undefined
  if (!wanted && !isKnown && !(await isSealed(context, connection, address))) return {}
  const { knownHosts, key, keyPins } = files
  if (key === undefined || (knownHosts === undefined && options.pin === undefined)) {
    throw new CliError(
      ExitCode.usage,
      'There is no home folder (HOME is not set): use --key FILE, and --pin or --known-hosts',
    )
  }
  const seal: SealOptions = {
    key: await loadDeviceKey(key),
    ...(knownHosts === undefined ? {} : { knownHosts }),
    ...(options.pin === undefined ? {} : { pin: options.pin }),
    onFirstUse: (key) => isTrusted(context, options, key),
    onRotation: ({ blocks }) => note(context, `${server} has a new key, which the known one signed: ${blocks}`),
  }
  return keyPins === undefined ? { seal } : { seal, keyPins }
}

/** Where everything is kept; a file is undefined without a home, unless an option names it. */
function filesOf(context: CliContext, options: SealingOptions, userId: string): Files {
  const folder = configFolder(context)
  const inFolder = (...names: string[]): string | undefined =>
    folder === undefined ? undefined : join(folder, ...names)
  return {
    knownHosts: options.knownHosts ?? inFolder('known-hosts'),
    key: options.key ?? inFolder('keys', `${userFileName(userId)}.pem`),
    keyPins: inFolder('known-keys', userFileName(userId)),
  }
}

interface Files {
  readonly knownHosts: string | undefined
  readonly key: string | undefined
  readonly keyPins: string | undefined
}

/** What this device is called where its key is enrolled. */
export function deviceName(): string {
  return hostname().slice(0, 64) || 'device'
}

/** Whether a session with a server that is not known is sealed when nothing was said of it. */
async function isSealed(context: CliContext, connection: ConnectOptions, address: Address): Promise<boolean> {
  if (address.kind === 'websocket' && address.url.startsWith('wss:')) return false
  if (!isThisMachine(address)) return true
  if (!(await requiresSealing(connection))) return false
  note(context, 'The server takes sealed sessions only.')
  return true
}

/** Asks a server for a sign of life, as any plain client may: one that requires sealing refuses that. */
async function requiresSealing(connection: ConnectOptions): Promise<boolean> {
  try {
    const client = await connect({ ...connection, reconnect: false })
    try {
      await client.request('HeartbeatRequest', {}, { timeoutMs: probeTimeoutMs })
      return false
    } finally {
      await client.close()
    }
  } catch (error) {
    // Everything else the command itself will meet, and tell.
    return error instanceof ParleyError && error.code === 'sealing_required'
  }
}

async function isTrusted(context: CliContext, options: SealingOptions, key: ServerKey): Promise<boolean> {
  const server = neutraliseLine(key.server)
  const shown = [`  ${key.thumbprint}`, `  ${key.blocks}`]
  if (options.acceptNew) {
    note(context, `${server} is met for the first time. Its fingerprint is remembered:\n${shown.join('\n')}`)
    return true
  }
  if (context.stdin.isTTY !== true) {
    throw new CliError(
      ExitCode.usage,
      `${server} is not known yet. Its fingerprint is\n${shown.join('\n')}\nIs it the one that its operator sees with "parley keys show"? Then give it with --pin; or add --accept-new`,
    )
  }
  note(context, `${server} is met for the first time. Its fingerprint is\n${shown.join('\n')}`)
  note(context, 'Compare it with what its operator sees with: parley keys show')
  for (;;) {
    const answer = (await askLine(context, 'Is it the same (yes, no, or the fingerprint itself)? ')).trim()
    if (/^no?$/i.test(answer)) return false
    if (/^yes$/i.test(answer) || answer === key.thumbprint || answer.toUpperCase() === key.blocks) return true
  }
}

function isThisMachine(address: Address): boolean {
  const host = address.kind === 'tcp' ? address.host : new URL(address.url).hostname.replace(/^\[(.*)\]$/, '$1')
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)
}
