/** Who comes and goes: the tables of users online, and the events for those who watch, coalesced by turn. */
import { serverFrame } from './answer.ts'
import { dropHeld } from './held.ts'
import { removeReader } from './inbox/readers.ts'
import type { Session, Step } from './state.ts'

/** Adds a session to its user. */
export function enter(step: Step, session: Session): void {
  const { state } = step
  state.peers.set(session.connection, session)
  state.sessions++
  const sessions = state.users.get(session.user)
  if (sessions !== undefined) {
    sessions.push(session)
    return
  }
  state.users.set(session.user, [session])
  state.names.add(session.user)
  noteChange(step, session.user, false)
}

/** Takes a session from its user. */
export function leave(step: Step, session: Session): void {
  const { state } = step
  dropHeld(step, session)
  removeReader(step, session.user, session.connection)
  state.peers.delete(session.connection)
  state.sessions--
  if (session.watches) state.watchers--
  const sessions = state.users.get(session.user)
  if (sessions === undefined) return
  const rest = sessions.filter((other) => other !== session)
  if (rest.length > 0) {
    state.users.set(session.user, rest)
    return
  }
  state.users.delete(session.user)
  state.names.remove(session.user)
  noteChange(step, session.user, true)
}

/** Sets whether a session gets presence events. */
export function watch(step: Step, session: Session, on: boolean): void {
  if (session.watches === on) return
  session.watches = on
  if (on) looked(step, session)
  step.state.watchers += on ? 1 : -1
  const { connection } = session
  step.effects.push({ kind: 'send', connection, message: { kind: 'watch', connection, on } })
}

/**
 * A session looks at who is online. When it watches, it may have seen a state that would be left out as passing:
 * a user who was away for a moment must then be told of in any case.
 */
export function looked(step: Step, session: Session): void {
  if (session.watches) step.state.presenceLooks++
}

function noteChange(step: Step, user: string, wasOnline: boolean): void {
  const { presenceChanges, presenceLooks } = step.state
  if (!presenceChanges.has(user)) presenceChanges.set(user, { wasOnline, looks: presenceLooks })
}

/** Tells the watchers what has changed on balance since the last turn. */
export function announce(step: Step): void {
  const { state } = step
  if (state.presenceChanges.size === 0) return
  if (state.watchers === 0) {
    state.presenceChanges.clear()
    return
  }
  const frames: Buffer[] = []
  for (const [user, { wasOnline, looks }] of state.presenceChanges) {
    if (frames.length >= state.options.presenceBatchMax) break
    state.presenceChanges.delete(user)
    const isOnline = state.users.has(user)
    if (isOnline === wasOnline && looks === state.presenceLooks) continue
    frames.push(serverFrame(step, 'PresenceEvent', { UserId: user, Online: isOnline }))
  }
  if (frames.length === 0) return
  const message = {
    kind: 'deliverAll',
    audience: 'watchers',
    exceptUser: undefined,
    frames: Buffer.concat(frames),
  } as const
  step.effects.push({ kind: 'sendAll', message })
}
