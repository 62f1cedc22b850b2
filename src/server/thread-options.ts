/** From settings to what each thread is told. */
import type { AcceptorLimits, AcceptorOptions, ListenerOptions } from '../acceptor/options.ts'
import { limits } from '../config/limits.ts'
import type { Settings } from '../config/settings.ts'
import type { RouterOptions } from '../router/state.ts'

/** Capacities of the rings between the main thread and an acceptor, in bytes, powers of two. */
export interface RingSizes {
  readonly toRouterBytes: number
  readonly toAcceptorBytes: number
}

/**
 * A record takes at most half a ring. The longest is a frame in GB18030, which in UTF-8 has up to 1.5 times its
 * bytes, so eight frames leave room for it and for others.
 */
export function ringSizes(frameBytesMax: number): RingSizes {
  const toRouterBytes = Math.max(limits.ringBytesMin.value, 2 ** Math.ceil(Math.log2(8 * frameBytesMax)))
  return { toRouterBytes, toAcceptorBytes: 2 * toRouterBytes }
}

/** The limits of one acceptor. */
export function acceptorLimits(settings: Settings, connectionsMax: number): AcceptorLimits {
  return {
    connectionsMax,
    addressConnectionsMax: settings.addressConnectionsMax === 0 ? connectionsMax : settings.addressConnectionsMax,
    refusingMax: limits.refusingConnectionsMax.value,
    frameBytesMax: settings.frameBytesMax,
    frameBytesBeforeLoginMax: Math.min(limits.frameBeforeLoginBytesMax.value, settings.frameBytesMax),
    authTimeoutMs: settings.authTimeoutMs,
    loginAttemptsMax: limits.loginAttemptsMax.value,
    faultsBeforeLoginMax: limits.faultsBeforeLoginMax.value,
    noiseBytesMax: limits.noiseBytesMax.value,
    userMessagesPerSecond: settings.userMessagesPerSecond,
    outputBytesMax: settings.outputBytesMax,
    unreadBytesMax: limits.unreadBytesMax.value,
    heartbeatAfterMs: settings.heartbeatAfterMs,
    heartbeatTimeoutMs: settings.heartbeatTimeoutMs,
    lingerMs: limits.lingerMs.value,
    fragmentsMax: limits.webSocketFragmentsMax.value,
  }
}

/** The listening sockets. */
export function listenerOptions(settings: Settings): ListenerOptions[] {
  const { host, port, wsPort, charset, wsOrigins } = settings
  return [
    { kind: 'tcp', host, port, charset },
    { kind: 'ws', host, port: wsPort, origins: wsOrigins },
  ]
}

/** What an acceptor is told besides its mailbox. */
export function acceptorOptions(
  settings: Settings,
  connectionsMax: number,
): Omit<AcceptorOptions, 'index' | 'firstCount' | 'mailbox'> {
  return {
    delimiters: { start: settings.startByte, end: settings.endByte },
    listeners: listenerOptions(settings),
    limits: acceptorLimits(settings, connectionsMax),
  }
}

/** How the router is set up. */
export function routerOptions(settings: Settings): RouterOptions {
  return {
    delimiters: { start: settings.startByte, end: settings.endByte },
    sessionPolicy: settings.sessionPolicy,
    userSessionsMax: settings.userSessionsMax,
    pendingReceiptsMax: limits.pendingReceiptsMax.value,
    pendingLookupsMax: limits.pendingLookupsMax.value,
    presenceBatchMax: limits.presenceBatchMax.value,
  }
}
