/** What the control socket does to a running server. Runs on: the main thread. */
import type { Store, StoreCallName, StoreCalls } from '../mailbox/store-messages.ts'
import { userListLimitDefault } from '../protocol/entities/user-list.ts'
import type { ErrorCode } from '../protocol/errors.ts'
import type { CommandReply } from '../router/events.ts'
import type { RouterShell } from '../router/router-shell.ts'
import type { ServerStatus } from './control-protocol.ts'
import type { ControlHandlers } from './control-server.ts'
import { explainMessage } from './explainer.ts'
import type { KeyKeeper } from './key-keeper.ts'
import { pageForOperator } from './past-service.ts'
import { serverHealth } from './server-health.ts'

/** Calls after which a user's sessions are out of date. */
const changesAccount: ReadonlySet<StoreCallName> = new Set([
  'setPasswordHash',
  'setRole',
  'setDisabled',
  'removeAccount',
])

/** Makes the handlers. */
export function controlHandlers(parts: {
  shell: RouterShell
  store: Store
  keys: Pick<KeyKeeper, 'show' | 'rotateIdentity'>
  status: () => ServerStatus
  /** The longest text that is sent: as in a frame of a client. */
  frameBytesMax: number
  /** Whether a history is kept. */
  hasHistory: boolean
}): ControlHandlers {
  const { shell, store, keys, frameBytesMax } = parts
  return {
    keysShow: () => keys.show(),
    keysRotate: () => keys.rotateIdentity(),
    status: async () => ({ ...parts.status(), health: await serverHealth(store) }),
    who: async ({ prefix = '', after, limit = userListLimitDefault }) => {
      const reply = expect('who', await shell.command({ name: 'who', prefix, after, limit }))
      const page = { items: reply.items, total: reply.total }
      return reply.after === undefined ? page : { ...page, after: reply.after }
    },
    kick: async ({ userId, reason, banSeconds }) => {
      const isBanned = banSeconds !== undefined && banSeconds > 0
      if (isBanned) {
        await store.call('setBan', { userId, bannedUntil: Date.now() + banSeconds * 1000 })
      }
      return { sessions: expect('kick', await shell.command({ name: 'kick', userId, reason, isBanned })).sessions }
    },
    send: async ({ to, message }) => {
      checkLength(message, frameBytesMax)
      const reply = expect('send', await shell.command({ name: 'send', to, message }))
      return reply.status === 'rejected' ? { status: 'rejected', code: reply.code } : { status: reply.status }
    },
    broadcast: async ({ message }) => {
      checkLength(message, frameBytesMax)
      return { receivers: expect('broadcast', await shell.command({ name: 'broadcast', message })).receivers }
    },
    history: (query) => pageForOperator(store, parts.hasHistory, query),
    explain: ({ msgId }) => explainMessage({ store, traced: (place) => shell.traced(place), now: Date.now }, msgId),
    pendingKeys: async ({ userId }) => expect('pendingKeys', await shell.command({ name: 'pendingKeys', userId })).keys,
    approveKey: async ({ userId, thumbprint }) => {
      const { problem } = expect('approveKey', await shell.command({ name: 'approveKey', userId, thumbprint }))
      if (problem !== undefined) throw Object.assign(new Error(problem.message), { code: problem.code })
      return { thumbprint }
    },
    store: async <Name extends StoreCallName>(name: Name, take: StoreCalls[Name]['take']) => {
      const give = await store.call(name, take)
      if ('userId' in take) tellShell(shell, name, take.userId, give)
      return give
    },
  }
}

/** Tells the sessions of a user what was done to the account. */
function tellShell(shell: RouterShell, name: StoreCallName, userId: string, give: unknown): void {
  if (changesAccount.has(name)) shell.accountChanged(userId, name === 'removeAccount')
  // The store gives what `StoreCalls` says.
  else if (name === 'setPolicies') shell.policiesChanged(userId, give as StoreCalls['setPolicies']['give'])
  else if (name === 'revokeKey') shell.keysRevoked(userId, [give as StoreCalls['revokeKey']['give']])
  else if (name === 'resetKeys') shell.keysRevoked(userId, give as StoreCalls['resetKeys']['give'])
}

/** Refuses a text that a client could not have sent: mailboxes have room for what fits a frame. */
function checkLength(message: string, frameBytesMax: number): void {
  const frameBytes = Buffer.byteLength(JSON.stringify(JSON.stringify(message)))
  if (frameBytes <= frameBytesMax) return
  const sentence = `The message would take ${frameBytes} bytes of a frame, of which this server takes ${frameBytesMax}.`
  throw Object.assign(new Error(sentence), { code: 'frame_too_large' satisfies ErrorCode })
}

function expect<Name extends CommandReply['name']>(
  name: Name,
  reply: CommandReply,
): Extract<CommandReply, { name: Name }> {
  if (reply.name !== name) throw new Error(`the router answered ${name} with ${reply.name}`)
  return reply as Extract<CommandReply, { name: Name }>
}

/** Handlers that wait for others which do not exist yet: the control socket is claimed before anything else starts. */
export function handlersOf(ready: Promise<ControlHandlers>): ControlHandlers {
  return {
    status: async () => (await ready).status(),
    who: async (take) => (await ready).who(take),
    kick: async (take) => (await ready).kick(take),
    send: async (take) => (await ready).send(take),
    broadcast: async (take) => (await ready).broadcast(take),
    history: async (take) => (await ready).history(take),
    explain: async (take) => (await ready).explain(take),
    keysShow: async () => (await ready).keysShow(),
    keysRotate: async () => (await ready).keysRotate(),
    pendingKeys: async (take) => (await ready).pendingKeys(take),
    approveKey: async (take) => (await ready).approveKey(take),
    store: async (name, take) => (await ready).store(name, take),
  }
}
