/** `parley serve`: runs a server until it is told to stop. */
import { isatty } from 'node:tty'
import type { Command } from 'commander'
import type { LoadedSettings } from '../../config/load-settings.ts'
import { variableOf } from '../../config/setting-names.ts'
import { reloadableSettings, settingsShape } from '../../config/settings.ts'
import { printedSettings, settingsHelp } from '../../config/settings-docs.ts'
import type { RunningServer } from '../../server/server.ts'
import { CliError, codeOf, ExitCode } from '../cli-error.ts'
import { type CliContext, note } from '../context.ts'
import { examplesText } from '../help.ts'
import { handOverPassword } from '../operator-password.ts'
import { type LifeEvent, type LifeState, stepLife } from '../server-life.ts'
import { createServerLog, type ServerLogHandle } from '../server-log.ts'
import { addSettingsOptions, findSettings, requireSettings, type SettingsOptions } from '../settings-options.ts'

/** What ending takes beyond the time for draining, before it is cut short. */
const drainGraceMs = 2000
/** Failures of starting that have to do with the machine and not with the server. */
const unavailableCodes: ReadonlySet<string | undefined> = new Set([
  'port_taken',
  'port_forbidden',
  'address_not_available',
  'data_dir_in_use',
])

/** Describes the command and binds it to its world. */
export function addServe(parent: Command, context: CliContext): void {
  const command = parent
    .command('serve')
    .summary('run a server')
    .description(
      'Runs a server until it is told to stop. SIGTERM or Ctrl-C drains: nothing new is taken, what is on its way arrives, clients are told to come back; a second one exits at once. SIGHUP reads the settings again and takes over the log level (not on Windows, which has no such signal).',
    )
  addSettingsOptions(command, ['host', 'port', 'wsPort', 'dataDir', 'logLevel'])
    .option('--insecure', `${settingsShape.insecure.meta.about} (${variableOf('insecure')})`)
    .addHelpText(
      'after',
      examplesText([
        ['parley serve', 'on this machine only, ports 7700 and 7701, data in ./data'],
        ['parley serve --host 0.0.0.0 --data-dir /var/lib/parley', 'for other machines too: sessions must be sealed'],
        ['parley serve --set SESSION_POLICY=multi --set CHARSET=gb18030', 'with other settings'],
      ]),
    )
    .addHelpText('after', `\nSettings, with their defaults:\n${settingsHelp()}`)
    .action((options: SettingsOptions) => serve(context, options))
}

async function serve(context: CliContext, options: SettingsOptions): Promise<void> {
  const loaded = requireSettings(context, options)
  const isTerminal = context.stdout.isTTY === true
  const handle = await createServerLog({
    level: loaded.settings.logLevel,
    isTerminal,
    colour: isTerminal && !context.env['NO_COLOR'],
  })
  logSettings(handle, loaded, { version: context.version, isTerminal })
  await new ServerProcess(context, options, loaded, handle).run()
}

/** A server process from its start to its end. */
class ServerProcess {
  readonly #context: CliContext
  readonly #options: SettingsOptions
  readonly #handle: ServerLogHandle
  #loaded: LoadedSettings
  #state: LifeState = 'starting'
  #server: RunningServer | undefined
  #end: (code: ExitCode) => void = () => {}

  constructor(context: CliContext, options: SettingsOptions, loaded: LoadedSettings, handle: ServerLogHandle) {
    this.#context = context
    this.#options = options
    this.#loaded = loaded
    this.#handle = handle
  }

  /** Resolves when the process may exit, its code set. */
  async run(): Promise<void> {
    const ended = new Promise<ExitCode>((resolve) => {
      this.#end = resolve
    })
    const forgetStop = this.#context.onStop(() => this.#on({ kind: 'stop' }))
    const forgetReload = this.#context.onReload(() => this.#onHangUp())
    const forgetCrash = this.#context.onCrash((error) =>
      this.#onFailure('the server made a mistake and has to end', error),
    )
    try {
      const started = this.#start().then((server) => this.#onStarted(server))
      // A second signal, or a crash, ends the process even if the start never comes to its end.
      this.#context.setExitCode(await Promise.race([ended, started.then(() => ended)]))
    } finally {
      forgetStop()
      forgetReload()
      forgetCrash()
      this.#handle.flush()
    }
  }

  async #start(): Promise<RunningServer> {
    const { settings } = this.#loaded
    // Loaded here so that other commands do not pay for all of the server.
    const { startServer } = await import('../../server/server.ts')
    try {
      return await startServer({
        settings,
        log: this.#handle.log,
        version: this.#context.version,
        firstOperator: (credentials) => handOverPassword(this.#context, settings.dataDir, credentials),
      })
    } catch (error) {
      const exitCode = unavailableCodes.has(codeOf(error)) ? ExitCode.unavailable : ExitCode.failed
      throw new CliError(exitCode, error instanceof Error ? error.message : String(error), error)
    }
  }

  #onStarted(server: RunningServer): void {
    this.#server = server
    void server.ended.then((end) => {
      if (end.code === 'drained') this.#on({ kind: 'drained' })
      else this.#onFailure('the server failed', end.error)
    })
    note(this.#context, startedText(server))
    this.#on({ kind: 'started' })
  }

  #on(event: LifeEvent): void {
    const { state, effects } = stepLife(this.#state, event)
    this.#state = state
    for (const effect of effects) {
      switch (effect.kind) {
        case 'drain':
          this.#drain()
          break
        case 'reload':
          this.#reload()
          break
        case 'exit':
          this.#end(effect.code)
          break
      }
    }
  }

  #drain(): void {
    const timer = setTimeout(() => {
      this.#handle.log.error('draining took too long and was cut short')
      this.#on({ kind: 'deadline' })
    }, this.#loaded.settings.drainTimeoutMs + drainGraceMs)
    timer.unref()
    this.#server?.drain().catch((error: unknown) => this.#onFailure('draining failed', error))
  }

  /** SIGHUP also comes when the terminal is closed; a server that someone ran there must not live on unseen. */
  #onHangUp(): void {
    if (this.#context.stdout.isTTY === true && !isatty(1)) this.#on({ kind: 'stop' })
    else this.#on({ kind: 'reload' })
  }

  #reload(): void {
    const { log } = this.#handle
    const found = findSettings(this.#context, this.#options)
    if (found.kind === 'refused') {
      log.error({ problems: found.problems }, 'the settings are wrong and were not taken over')
      return
    }
    const changed = changedSettings(this.#loaded, found)
    log.level = found.settings.logLevel
    const waiting = changed.filter((name) => !reloadableSettings.has(name)).map(variableOf)
    const taken = changed.filter((name) => reloadableSettings.has(name)).map(variableOf)
    // What waits for a restart stays as it is here, so that it is named again the next time.
    this.#loaded = { ...this.#loaded, settings: { ...this.#loaded.settings, logLevel: found.settings.logLevel } }
    log.info({ taken, waiting }, waiting.length > 0 ? 'settings reloaded; some need a restart' : 'settings reloaded')
  }

  #onFailure(message: string, error: unknown): void {
    this.#handle.log.fatal({ err: error }, message)
    this.#on({ kind: 'failed' })
  }
}

function changedSettings(before: LoadedSettings, after: LoadedSettings): (keyof LoadedSettings['settings'])[] {
  const names = Object.keys(settingsShape) as (keyof LoadedSettings['settings'])[]
  return names.filter((name) => String(before.settings[name]) !== String(after.settings[name]))
}

/** A log keeps all settings; a person at a terminal is shown those that were given, and can ask for the rest. */
function logSettings(
  { log }: ServerLogHandle,
  loaded: LoadedSettings,
  about: { version: string; isTerminal: boolean },
): void {
  const printed = printedSettings(settingsShape, loaded.settings, loaded.sources)
  const given = printed.filter(({ source }) => source !== 'default')
  const shown = about.isTerminal ? given : printed
  const settings = Object.fromEntries(shown.map(({ variable, value }) => [variable, value]))
  const sources = Object.fromEntries(given.map(({ variable, source }) => [variable, source]))
  const message = about.isTerminal
    ? 'starting; all settings are shown by: parley config print'
    : 'starting; a setting without a source is at its default'
  log.info({ version: about.version, node: process.versions.node, settings, sources }, message)
  for (const warning of loaded.warnings) log.warn(warning)
}

/** The line for a person: where the server listens, and what to do next. */
function startedText({ addresses }: RunningServer): string {
  const places = addresses.map(({ listener, host, port }) => {
    const name = host.includes(':') ? `[${host}]` : host
    return listener === 'ws' ? `ws://${name}:${port}/ws` : `${name}:${port}`
  })
  return `parley: serving on ${places.join(' and ')}\nparley: talk with: npx parley chat --user operator`
}
