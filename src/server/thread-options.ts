/** From settings to what each thread is told. */
import { availableParallelism } from 'node:os'
import type { AcceptorLimits, AcceptorOptions, ListenerOptions, SignatureOptions } from '../acceptor/options.ts'
import { requiresSealing } from '../config/cross-checks.ts'
import { limits } from '../config/limits.ts'
import type { Settings } from '../config/settings.ts'
import type { InboxSettings } from '../mailbox/inbox-messages.ts'
import type { InboxOptions } from '../router/inbox/inbox-state.ts'
import type { RouterOptions } from '../router/state.ts'
import type { ReplayCacheLimits } from '../security/replay-cache.ts'

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
    handshakesPerSecond: settings.handshakesPerSecond,
    userMessagesPerSecond: settings.userMessagesPerSecond,
    outputBytesMax: settings.outputBytesMax,
    unverifiedBytesMax: limits.unverifiedBytesMax.value,
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
    { kind: 'tcp', host, port, charset, sharesPort: false },
    { kind: 'ws', host, port: wsPort, origins: wsOrigins, sharesPort: false },
  ]
}

/** What was signed is accepted once, and not when its time differs from the clock by more than five minutes. */
const replayLimits: ReplayCacheLimits = {
  windowS: 300,
  userIdsMax: limits.replayUserIdsMax.value,
  idsMax: limits.replayIdsMax.value,
}

/** How signed messages are checked. */
function signatureOptions(settings: Settings): SignatureOptions {
  return {
    requiresSigning: settings.minSecurity === 'signed',
    allowsRs256: settings.suites.includes(3),
    weChatToken: settings.wechatToken,
    replays: replayLimits,
  }
}

/** What an acceptor is told besides its mailbox. */
export function acceptorOptions(
  settings: Settings,
  connectionsMax: number,
  repeatsSecret: Uint8Array,
): Omit<AcceptorOptions, 'index' | 'firstCount' | 'mailbox'> {
  return {
    delimiters: { start: settings.startByte, end: settings.endByte },
    requiresSealing: requiresSealing(settings),
    listeners: listenerOptions(settings),
    signatures: signatureOptions(settings),
    repeatsSecret,
    limits: acceptorLimits(settings, connectionsMax),
  }
}

/** What decides whether several threads can listen on one port. */
export interface Platform {
  readonly system: string
  /** As in `process.versions.node`. */
  readonly nodeVersion: string
  readonly cores: number
}

/** The platform of this process. */
export function thisPlatform(): Platform {
  return { system: process.platform, nodeVersion: process.versions.node, cores: availableParallelism() }
}

/** Cores for each acceptor thread, when their number is not set: the router and the pool need cores too. */
const coresPerAcceptor = 4
const acceptorThreadsByItself = 4

/**
 * How many acceptor threads to start.
 *
 * @param wanted 0 to choose by the cores
 * @returns the number, with a sentence when it is not the wanted one
 */
export function acceptorThreads(wanted: number, platform: Platform): { count: number; warning?: string } {
  const canShare = canSharePort(platform)
  if (wanted === 0) {
    const byCores = Math.floor(platform.cores / coresPerAcceptor)
    return { count: canShare ? Math.max(1, Math.min(acceptorThreadsByItself, byCores)) : 1 }
  }
  if (wanted > 1 && !canShare) {
    const warning = `PARLEY_ACCEPTOR_THREADS=${wanted} needs Linux or FreeBSD and Node 22.12, 23.1 or later, where threads can share a port; one acceptor thread is started`
    return { count: 1, warning }
  }
  return { count: wanted }
}

/** `reusePort` came with Node 23.1 (and 22.12); the kernels that balance over it are Linux and FreeBSD. */
function canSharePort(platform: Platform): boolean {
  const [major = 0, minor = 0] = platform.nodeVersion.split('.').map(Number)
  const hasOption = major > 23 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12)
  return hasOption && (platform.system === 'linux' || platform.system === 'freebsd')
}

/** How inboxes are set up in the store. */
export function inboxSettings(settings: Settings): InboxSettings {
  return {
    messagesMax: settings.inboxMessagesMax,
    bytesMax: settings.inboxBytesMax,
    policy: settings.inboxPolicy,
    start: settings.startByte,
    end: settings.endByte,
  }
}

function inboxOptions(settings: Settings, epoch: number): InboxOptions {
  return {
    epoch,
    ackWaitMs: settings.ackWaitMs,
    ttlMs: settings.messageTtlS * 1000,
    windowBytesMax: limits.windowBytesMax.value,
    windowsBytesMax: limits.windowsBytesMax.value,
    storingBytesMax: limits.storingBytesMax.value,
    readBytesMax: limits.inboxReadBytesMax.value,
    retryMs: limits.inboxRetryMs.value,
    repeatsMax: settings.repeatsMax,
    idleMax: limits.idleRecipientsMax.value,
    dropsOldest: settings.inboxPolicy === 'drop_oldest',
  }
}

/** How the router is set up. `epoch`: this life of the server. */
export function routerOptions(settings: Settings, epoch: number): RouterOptions {
  return {
    delimiters: { start: settings.startByte, end: settings.endByte },
    sessionPolicy: settings.sessionPolicy,
    userSessionsMax: settings.userSessionsMax,
    pendingReceiptsMax: limits.pendingReceiptsMax.value,
    pendingLookupsMax: limits.pendingLookupsMax.value,
    presenceBatchMax: limits.presenceBatchMax.value,
    heldBytesMax: limits.heldBytesMax.value,
    keyRequestsMax: limits.keyRequestsMax.value,
    pendingKeys: {
      perUserMax: limits.pendingKeysPerUserMax.value,
      max: limits.pendingKeysMax.value,
      ttlMs: limits.pendingKeyTtlMs.value,
    },
    replays: replayLimits,
    // An earlier life of the server may have accepted what is older. No restart takes less than a second.
    replayFloor: Math.floor(Date.now() / 1000) - 1,
    inbox: inboxOptions(settings, epoch),
    past: {
      isOn: settings.history !== undefined,
      // The rest of an answer is small.
      pageBytesMax: Math.max(settings.frameBytesMax - 4096, 1024),
      requestsMax: limits.historyRequestsMax.value,
      toldReadMax: limits.toldReadMax.value,
    },
    traceRuns: limits.traceRuns.value,
    receiptAskersMax: limits.receiptAskersMax.value,
  }
}
