/** A server under measurement, and how the benchmark gets one. */
import type { Endpoint, Login } from '../generator/raw-connection.ts'
import type { StatusSample } from './status-reader.ts'

/** A server that listens. */
export interface Server {
  readonly name: string
  readonly endpoint: Endpoint
  /** Its process on this machine, where known. */
  readonly pid: number | undefined
  /** How many devices of one user may be online at once. */
  readonly devicesPerUser: number
  /** How the user with a number logs in by password. */
  readonly login: (user: number) => Login
  /** Who may write to everybody at once, where that takes a right. */
  readonly broadcaster?: Login
  /** Tokens for the users from 0 on, where the benchmark can make them without a login. */
  readonly mintTokens?: (count: number) => Promise<readonly string[]>
  /** What the server says of itself, where it can be asked. */
  readonly status?: () => Promise<StatusSample | undefined>
  /** Ends it, when the benchmark started it. */
  readonly stop: () => Promise<void>
}

/** What a scenario needs of a server. */
export interface ServerNeeds {
  /** Users that exist, numbered from 0. */
  readonly users: number
  /** Whether one user may be online with many devices. */
  readonly manyDevices: boolean
}

/** Starts one kind of server. */
export interface ServerKind {
  readonly name: string
  readonly start: (needs: ServerNeeds) => Promise<Server>
}

/** The name of the user with a number. */
export function userName(prefix: string, user: number): string {
  return `${prefix}${String(user).padStart(5, '0')}`
}
