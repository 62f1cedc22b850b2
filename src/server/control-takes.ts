/** What each request of the control socket takes, checked: a wrong one gets a sentence and harms nobody. */
import { z } from 'zod'
import { banSecondsMax } from '../protocol/entities/operator.ts'
import { userListLimitMax } from '../protocol/entities/user-list.ts'
import { userIdFault } from '../protocol/user-id.ts'
import type { ControlCallName, ControlCalls, ControlRequest } from './control-protocol.ts'

/** A request that was understood. */
export type KnownRequest = {
  [Name in ControlCallName]: { readonly id: number; readonly call: Name; readonly take: ControlCalls[Name]['take'] }
}[ControlCallName]

/** Why a request was not. `id` is 0 where it could not be read. */
export interface RefusedRequest {
  readonly id: number
  readonly error: { readonly code: 'bad_request' | 'unknown_call'; readonly message: string }
}

const userId = z.string().superRefine((name, context) => {
  const fault = userIdFault(name)
  if (fault !== undefined) context.addIssue({ code: 'custom', message: fault })
})
/** A part of a name: nothing that is looked up needs to be longer. */
const namePart = z.string().max(128)
const passwordHash = z.string().min(1).max(512)
const role = z.enum(['user', 'operator'])
const time = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER)
const newAccount = z.object({ userId, passwordHash, role })
const thumbprint = z.string().regex(/^[A-Za-z0-9_-]{43}$/, 'a thumbprint has 43 characters of base64url')
const limit = z.number().int().min(1).max(userListLimitMax)
const nothing = z.object({}).transform((): Record<string, never> => ({}))
const page = { prefix: namePart.exactOptional(), after: namePart.exactOptional() }

const takes: { readonly [Name in ControlCallName]: z.ZodType<ControlCalls[Name]['take']> } = {
  status: nothing,
  who: z.object({ ...page, limit: limit.exactOptional() }),
  kick: z.object({
    userId,
    reason: z.string().max(256).exactOptional(),
    banSeconds: z.number().int().min(0).max(banSecondsMax).exactOptional(),
  }),
  keysShow: nothing,
  keysRotate: nothing,
  send: z.object({ to: userId, message: z.string() }),
  broadcast: z.object({ message: z.string() }),
  history: z.object({
    user: userId,
    with: userId,
    before: time.exactOptional(),
    after: time.exactOptional(),
    limit: limit.exactOptional(),
  }),
  explain: z.object({ msgId: z.string().min(1).max(128) }),
  findAccount: z.object({ userId }),
  countAccounts: nothing,
  addAccount: newAccount,
  importAccounts: z.object({ accounts: z.array(newAccount) }),
  setPasswordHash: z.object({ userId, passwordHash }),
  upgradePasswordHash: z.object({ userId, oldHash: passwordHash, passwordHash }),
  setRole: z.object({ userId, role }),
  setDisabled: z.object({ userId, disabled: z.boolean() }),
  setBan: z.object({ userId, bannedUntil: time }),
  removeAccount: z.object({ userId }),
  listAccounts: z.object({ ...page, limit }),
  setPolicies: z.object({
    userId,
    signedOnly: z.boolean().exactOptional(),
    endToEnd: z.enum(['allow', 'require', 'refuse']).exactOptional(),
  }),
  listKeys: z.object({ userId }),
  revokeKey: z.object({ userId, thumbprint, by: z.literal('operator') }),
  resetKeys: z.object({ userId }),
  pendingKeys: z.object({ userId }),
  approveKey: z.object({ userId, thumbprint }),
}

const request = z.object({ id: z.number().int().min(1).max(Number.MAX_SAFE_INTEGER), call: z.string(), take: z.json() })

/** Reads the line of a request. Never throws. */
export function readRequest(line: string): KnownRequest | RefusedRequest {
  const outer = request.safeParse(parseJson(line))
  if (!outer.success) {
    return {
      id: 0,
      error: { code: 'bad_request', message: 'a request is one line of JSON: {"id": 1, "call": "status", "take": {}}' },
    }
  }
  const { id, call, take }: ControlRequest = outer.data
  if (!isControlCall(call)) {
    return {
      id,
      error: {
        code: 'unknown_call',
        message: `this server does not know the call "${call.slice(0, 64)}"; is it of another version?`,
      },
    }
  }
  const inner = takes[call].safeParse(take)
  if (!inner.success) {
    const faults = inner.error.issues.slice(0, 3).map((issue) => `${issue.path.join('.')}: ${issue.message}`)
    return { id, error: { code: 'bad_request', message: `${call} does not take that: ${faults.join('; ')}` } }
  }
  // The schema under the name of the call has checked what it takes.
  return { id, call, take: inner.data } as KnownRequest
}

function isControlCall(call: string): call is ControlCallName {
  return Object.hasOwn(takes, call)
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
