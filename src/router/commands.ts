/** What operators' tools on this machine ask of a running server. */
import type { Fault } from '../protocol/errors.ts'
import { refuse, serverFrame, succeed } from './answer.ts'
import { send } from './delivery.ts'
import type { Asker, Command } from './events.ts'
import { approveAsOperator } from './keys.ts'
import { voidLogins } from './login.ts'
import { endSessionsOf } from './requests.ts'
import type { Step } from './state.ts'

/** Takes one command; its reply follows as an effect, now or later. */
export function takeCommand(step: Step, id: number, command: Command): void {
  const { state, effects } = step
  switch (command.name) {
    case 'who': {
      const page = state.names.page(command)
      effects.push({
        kind: 'commandReply',
        id,
        reply: { name: 'who', items: page.names, total: page.total, after: page.after },
      })
      break
    }
    case 'kick': {
      if (command.isBanned) voidLogins(step, command.userId)
      const sessions = endSessionsOf(step, command.userId, command.reason)
      effects.push({ kind: 'commandReply', id, reply: { name: 'kick', sessions } })
      break
    }
    case 'send': {
      const asker: Asker = { kind: 'command', id }
      send(step, command.to, serverFrame(step, 'TextMsgRequest', { Message: command.message }), asker)
      break
    }
    case 'broadcast': {
      const frames = serverFrame(step, 'BroadcastRequest', { Message: command.message })
      effects.push({
        kind: 'sendAll',
        message: { kind: 'deliverAll', audience: 'sessions', exceptUser: undefined, frames },
      })
      effects.push({ kind: 'commandReply', id, reply: { name: 'broadcast', receivers: state.sessions } })
      break
    }
    case 'pendingKeys': {
      const keys = state.pendingKeys
        .of(command.userId, step.now)
        .map(({ thumbprint, candidate, expires }) => ({ thumbprint, deviceId: candidate.deviceId, expires }))
      effects.push({ kind: 'commandReply', id, reply: { name: 'pendingKeys', keys } })
      break
    }
    case 'approveKey':
      approveAsOperator(step, id, command.userId, command.thumbprint)
      break
    default:
      command satisfies never
  }
}

/** A ban was stored, or not. */
export function banStored(
  step: Step,
  outcome: { asker: Asker; userId: string; sessions: number; problem: Fault | undefined },
): void {
  const { asker } = outcome
  if (asker.kind === 'sender') return
  if (asker.kind === 'command') {
    step.effects.push({ kind: 'commandReply', id: asker.id, reply: { name: 'kick', sessions: outcome.sessions } })
  } else if (outcome.problem === undefined) {
    succeed(step, asker, { Sessions: outcome.sessions })
  } else {
    refuse(step, { ...asker, toUser: false }, outcome.problem)
  }
  // Whoever came back, or passed the check of a login, before the ban was stored.
  if (outcome.problem === undefined) {
    endSessionsOf(step, outcome.userId, undefined)
    voidLogins(step, outcome.userId)
  }
}
