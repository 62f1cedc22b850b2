/**
 * The composition: starts the threads and joins them, supervises them, and stops them in order.
 * Runs on: the main thread.
 */
import { createHmac, randomBytes } from 'node:crypto'
import { connectionsLimit, descriptorLimit } from '../config/descriptors.ts'
import { limits } from '../config/limits.ts'
import type { Settings } from '../config/settings.ts'
import { StoreError } from '../mailbox/store-error.ts'
import type { Store } from '../mailbox/store-messages.ts'
import { RouterShell } from '../router/router-shell.ts'
import { AccountCache } from '../store/account-cache.ts'
import { makeDataDir } from '../store/data-dir.ts'
import { Authenticator } from '../workers/authenticator.ts'
import { KeyExchange } from '../workers/key-exchange.ts'
import { KeyRegistrar } from '../workers/key-registrar.ts'
import { WorkerPool } from '../workers/pool.ts'
import { AcceptorGroup } from './acceptor-group.ts'
import type { ListeningAddress } from './acceptor-thread.ts'
import { controlHandlers, handlersOf } from './control-handlers.ts'
import { controlPath } from './control-protocol.ts'
import { type ControlHandlers, type ControlServer, startControlServer } from './control-server.ts'
import { drainServer } from './drain.ts'
import { EventLog, type ServerLog } from './event-log.ts'
import { HistoryFeed } from './history-feed.ts'
import { keepHistory } from './history-upkeep.ts'
import { keepInboxStore, rememberInboxes } from './inbox-upkeep.ts'
import { KeyKeeper } from './key-keeper.ts'
import { routerServices } from './router-services.ts'
import { ServerStartError } from './start-error.ts'
import { ServerStatusBoard } from './status-board.ts'
import { StoreKeeper } from './store-keeper.ts'
import {
  acceptorOptions,
  acceptorThreads,
  inboxSettings,
  ringSizes,
  routerOptions,
  thisPlatform,
} from './thread-options.ts'
import { keepYoungGeneration } from './young-generation.ts'

/** What a server is started with. */
export interface ServerOptions {
  readonly settings: Settings
  readonly log: ServerLog
  readonly version: string
  /** Told of the operator's account that is made when there is no account at all. */
  readonly firstOperator: (credentials: { userId: string; password: string }) => void | Promise<void>
  /** Another entry for the pool's threads: for tests with faults. */
  readonly poolWorkerFile?: URL
}

/** A server at work. */
export interface RunningServer {
  readonly addresses: readonly ListeningAddress[]
  /** Ends with nothing in flight unanswered. Called twice it gives the same promise. */
  drain(): Promise<void>
  /** How it ended, whoever ended it. */
  readonly ended: Promise<{ readonly code: 'drained' } | { readonly code: 'failed'; readonly error: Error }>
}

/** Starts a server. @throws ServerStartError with a sentence that says what to do */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const parts: Started = {}
  try {
    return await start(options, parts)
  } catch (error) {
    parts.abandonStart?.(error)
    await stopParts(parts)
    throw asStartError(error)
  }
}

/** What was started so far, in the order of the start. */
interface Started {
  /** Refuses what came through the control socket while the server was starting. */
  abandonStart?: (error: unknown) => void
  store?: StoreKeeper
  /** Ends the upkeep of inboxes. */
  stopUpkeep?: () => void
  control?: ControlServer
  pool?: WorkerPool
  keys?: KeyKeeper
  acceptors?: AcceptorGroup
  shell?: RouterShell
}

async function start(options: ServerOptions, parts: Started): Promise<RunningServer> {
  const { settings, log } = options
  const events = new EventLog(log)
  let fail: (error: Error) => void = () => {}
  let finish: () => void = () => {}
  const ended = new Promise<Awaited<RunningServer['ended']>>((resolve) => {
    fail = (error) => resolve({ code: 'failed', error })
    finish = () => resolve({ code: 'drained' })
  })

  // Claimed first: it is what keeps two servers from using one data directory.
  makeDataDir(settings.dataDir)
  let serve: (handlers: ControlHandlers) => void = () => {}
  const ready = new Promise<ControlHandlers>((resolve, reject) => {
    serve = resolve
    parts.abandonStart = reject
  })
  // Nobody may be waiting when the start fails.
  ready.catch(() => {})
  parts.control = await startControlServer({
    path: controlPath(settings.dataDir),
    limits: {
      lineBytesMax: limits.controlLineBytesMax.value,
      connectionsMax: limits.controlConnectionsMax.value,
      idleMs: limits.controlIdleMs.value,
    },
    handlers: handlersOf(ready),
    onEvent: (event) => events.control(event),
  })
  const feed = new HistoryFeed({
    remember: (run) => parts.store?.remember(run) ?? false,
    waitingBytesMax: limits.historyWaitingBytesMax.value,
    onLost: (messages) =>
      log.error({ messages }, 'messages are missing from the history: the store could not take them'),
  })
  // Its threads start while the store opens, which may take longer.
  const pool = new WorkerPool({
    minThreads: settings.poolMinThreads,
    maxThreads: settings.poolMaxThreads,
    maxQueue: settings.poolMaxQueue,
    idleTimeoutMs: settings.poolIdleTimeoutMs,
    batchMax: settings.poolBatch,
    taskTimeoutMs: settings.poolTaskTimeoutMs,
    lanes: {
      passwords: { concurrency: limits.passwordChecksAtOnce.value, queueMax: settings.loginQueueMax },
      keyExchange: { queueMax: limits.keyExchangesWaitingMax.value },
    },
    ...(options.poolWorkerFile === undefined ? {} : { workerFile: options.poolWorkerFile }),
    onEvent: (event) => {
      if (event.name === 'workerStarted') keepYoungGeneration()
      events.pool(event)
    },
  })
  parts.pool = pool
  const store = await StoreKeeper.open({
    dataDir: settings.dataDir,
    inboxes: inboxSettings(settings),
    history: settings.history,
    restartsMax: limits.storeRestartsMax.value,
    events: {
      died: (error) => {
        log.error({ err: error }, 'the storage thread died; another is being started')
        parts.shell?.detachStore()
      },
      replaced: () => {
        keepYoungGeneration()
        parts.shell?.attachStore(store)
        feed.restart()
      },
      givenUp: (error) => fail(error),
      appended: (message) => parts.shell?.runsAppended(message),
      remembered: (message) => feed.onDone(message),
    },
  })
  parts.store = store
  const { epoch, damage } = await store.call('openEpoch', {})
  for (const sentence of damage) log.error({ dataDir: settings.dataDir }, sentence)
  const accounts = new AccountCache(store, { accountsMax: limits.accountsRememberedMax.value })
  const [keys] = await Promise.all([openKeys(settings, events), pool.ready()])
  parts.keys = keys
  log.info({ thumbprint: keys.thumbprint }, 'identity of this server, which clients pin')
  const keyExchange = new KeyExchange({ pool, keys })
  const tokenKey = await store.call('tokenKey', {})
  const authenticator = new Authenticator({
    store: accounts,
    pool,
    tokenKey,
    cost: { memoryKib: settings.argon2MemoryKib, passes: settings.argon2Passes },
    tokenTtlSeconds: settings.tokenTtlS,
    loginQueueMax: settings.loginQueueMax,
    loginWaitMs: settings.loginWaitMs,
    selfRegistration: settings.selfRegistration,
    sealing: {
      ticketKeys: () => keys.ticketKeys(),
      ticketTtlSeconds: settings.ticketTtlS,
    },
    onEvent: (event) => events.authenticator(event),
  })
  await makeFirstOperator(accounts, authenticator, options)

  const registrar = new KeyRegistrar({
    store: accounts,
    pool,
    serverThumbprint: () => keys.thumbprint,
    allowsRs256: settings.suites.includes(3),
    onFault: (userId, error) => log.error({ user: userId, err: error }, 'a request about keys failed'),
  })
  const connections = connectionsLimit(settings.connectionsMax, descriptorLimit())
  const wanted = acceptorThreads(settings.acceptorThreads, thisPlatform())
  if (wanted.warning !== undefined) log.warn({ acceptorThreads: wanted.count }, wanted.warning)
  const acceptors = new AcceptorGroup({
    count: wanted.count,
    acceptor: acceptorOptions(
      settings,
      Math.floor(connections.connectionsMax / wanted.count),
      createHmac('sha256', tokenKey).update('repeats').digest(),
    ),
    rings: ringSizes(settings.frameBytesMax),
    events: {
      started: (_index, end) => shell.addAcceptor(end),
      replaced: (index, end, cause) => {
        log.error({ acceptor: index, cause }, 'an acceptor thread died; its clients have to connect again')
        shell.replaceAcceptor(index, end)
      },
      givenUp: (_index, cause) => fail(new Error(`an acceptor thread died again and again: ${cause}`)),
    },
  })
  parts.acceptors = acceptors
  const board = new ServerStatusBoard()
  const shell: RouterShell = new RouterShell({
    router: routerOptions(settings, epoch),
    services: routerServices({
      store: accounts,
      authenticator,
      registrar,
      keyExchange,
      hasHistory: settings.history !== undefined,
      remember: (run) => feed.take(run),
    }),
    onAcceptorEvent: (index, event) => {
      acceptors.onEvent(index, event)
      board.onAcceptorEvent(index, event)
      if (event.name === 'listening') keepYoungGeneration()
      events.acceptor(event)
    },
    onObserved: (observation) => events.router(observation),
    now: Date.now,
  })
  parts.shell = shell
  shell.attachStore(store)
  await rememberInboxes(store, shell, Date.now())
  const stopHistory = keepHistory(store, { everyMs: limits.historyLookMs.value, rows: limits.historyLookRows.value })
  const stopInboxes = keepInboxStore({
    store,
    onRemoved: (removed) => shell.runsRemoved(removed),
    deviceMs: settings.deviceDays * 86_400_000,
    everyMs: limits.expiryLookMs.value,
    lookMax: limits.expiryLookSegments.value,
    now: Date.now,
  })
  parts.stopUpkeep = () => {
    stopHistory()
    stopInboxes()
    feed.close()
  }
  shell.offerKeys(keys.offer)
  keys.keep(limits.keyRenewalCheckMs.value, (offer) => shell.offerKeys(offer))
  const addresses = await acceptors.start()

  const startedAt = Date.now()
  serve(
    controlHandlers({
      shell,
      store: accounts,
      keys,
      frameBytesMax: settings.frameBytesMax,
      hasHistory: settings.history !== undefined,
      status: () => board.status({ version: options.version, startedAt, addresses, shell, pool, connections }),
    }),
  )

  let draining: Promise<void> | undefined
  const drain = (): Promise<void> => {
    draining ??= drainServer({
      shell,
      log,
      timeoutMs: settings.drainTimeoutMs,
      waitForAcceptors: (name) => acceptors.all(name),
      stop: () => stopParts(parts),
    }).then(finish)
    return draining
  }
  return { addresses, drain, ended }
}

/** Stops what was started, in the opposite order of the data: no one is cut off from what it still needs. */
async function stopParts(parts: Started): Promise<void> {
  await parts.control?.close()
  parts.keys?.stop()
  parts.stopUpkeep?.()
  parts.shell?.close()
  await parts.acceptors?.stop()
  await parts.pool?.close()
  await parts.store?.close()
}

/** Reads the server's own keys, or makes them at the first start. */
function openKeys(settings: Settings, events: EventLog): Promise<KeyKeeper> {
  const day = 86_400
  return KeyKeeper.open({
    dataDir: settings.dataDir,
    suites: settings.suites,
    ticketTtlSeconds: settings.ticketTtlS,
    lives: {
      handshakeSeconds: limits.handshakeKeyDays.value * day,
      handshakeRenewSeconds: limits.handshakeKeyRenewDays.value * day,
      handshakeGraceSeconds: limits.handshakeKeyGraceHours.value * 3600,
      ticketKeySeconds: limits.ticketKeyHours.value * 3600,
    },
    now: Date.now,
    onEvent: (event) => events.keys(event),
  })
}

/** Makes the operator's account at the first start. */
async function makeFirstOperator(store: Store, authenticator: Authenticator, options: ServerOptions): Promise<void> {
  if ((await store.call('countAccounts', {})) > 0) return
  const userId = 'operator'
  const password = randomBytes(15).toString('base64url')
  const passwordHash = await authenticator.hash(password)
  await store.call('addAccount', { userId, passwordHash, role: 'operator' })
  try {
    await options.firstOperator({ userId, password })
  } catch (error) {
    // Nobody would ever know the password: the next start makes the account anew.
    await store.call('removeAccount', { userId })
    throw error
  }
}

function asStartError(error: unknown): Error {
  if (error instanceof ServerStartError) return error
  if (error instanceof StoreError) return new ServerStartError('store_failed', error.message, { cause: error })
  const code = (error as { code?: unknown } | undefined)?.code
  const message = error instanceof Error ? error.message : String(error)
  if (code === 'data_dir_in_use') return new ServerStartError('data_dir_in_use', message, { cause: error })
  return new ServerStartError('failed', message, { cause: error })
}
