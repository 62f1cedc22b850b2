/** The one subscriber that turns the events of all parts into log lines. No event holds a secret or a content. */
import type { AcceptorEvent } from '../mailbox/router-messages.ts'
import type { RouterObservation } from '../router/router-shell.ts'
import type { AuthenticatorEvent } from '../workers/login-verdict.ts'
import type { PoolEvent } from '../workers/pool-events.ts'
import type { ControlEvent } from './control-server.ts'
import type { KeyEvent } from './key-keeper.ts'

type LogLine = (fields: object, message: string) => void

/** The part of a pino logger that the server uses. */
export interface ServerLog {
  readonly debug: LogLine
  readonly info: LogLine
  readonly warn: LogLine
  readonly error: LogLine
}

/** Reasons of a close that are worth a look at the default level. */
const notable: ReadonlySet<string> = new Set([
  'slow_consumer',
  'protocol_abuse',
  'internal_error',
  'auth_failed',
  'handshake_failed',
  'record_failed',
  'sealing_required',
])

/** What befalls users that is worth a look at the default level. */
const worthKnowing: ReadonlySet<RouterObservation['name']> = new Set([
  'kicked',
  'passwordChanged',
  'keyRequested',
  'keyEnrolled',
  'keyRevoked',
])

/** See the head of the file. */
export class EventLog {
  readonly #log: ServerLog

  constructor(log: ServerLog) {
    this.#log = log
  }

  acceptor(event: AcceptorEvent): void {
    const { name, ...fields } = event
    switch (event.name) {
      case 'listening':
        this.#log.info(fields, 'listening')
        break
      case 'connectionClosed':
        if (notable.has(event.reason)) this.#log.info(fields, 'connection closed')
        else this.#log.debug(fields, 'connection closed')
        break
      case 'refused':
        this.#log.debug(fields, 'connection refused')
        break
      case 'acceptPaused':
        this.#log.error(fields, 'connections can not be accepted')
        break
      case 'counters':
        break
      case 'listenFailed':
      case 'quiesced':
      case 'drained':
        this.#log.debug(fields, name)
        break
      default:
        event satisfies never
    }
  }

  router(observation: RouterObservation): void {
    const { name, user, connection, detail } = observation
    const fields = { user, connection, detail }
    if (name === 'storedDamaged')
      this.#log.warn(fields, 'stored messages are damaged and were not given: run parley verify')
    else if (worthKnowing.has(name)) this.#log.info(fields, name)
    else this.#log.debug(fields, name)
  }

  authenticator(event: AuthenticatorEvent): void {
    const { name, ...fields } = event
    switch (event.name) {
      case 'loginRefused':
      case 'passwordChangeRefused':
        this.#log.info(fields, name)
        break
      case 'authenticatorFault':
        this.#log.error(fields, name)
        break
      default:
        this.#log.debug(fields, name)
    }
  }

  pool(event: PoolEvent): void {
    const { name, ...fields } = event
    if (name === 'workerStarted') this.#log.debug(fields, name)
    else this.#log.warn(fields, name)
  }

  keys(event: KeyEvent): void {
    const { name, ...fields } = event
    if (event.name === 'keyRenewalFailed') this.#log.error({ err: event.error }, name)
    else this.#log.info(fields, name)
  }

  control(event: ControlEvent): void {
    switch (event.name) {
      case 'listening':
        this.#log.debug({ path: event.path }, 'control socket listening')
        break
      case 'called':
        this.#log.debug({ call: event.call, user: event.userId }, 'control call')
        break
      case 'failed':
        this.#log.error({ call: event.call, err: event.error }, 'control call failed')
        break
      case 'staleSocketRemoved':
      case 'refused':
      case 'connectionRefused': {
        const { name, ...fields } = event
        this.#log.warn(fields, `control: ${name}`)
        break
      }
      default:
        event satisfies never
    }
  }
}
