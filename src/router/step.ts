/**
 * The router's pure core: one event in, effects out. It computes and never blocks: no socket, no clock, no disk.
 * The same function runs in the server and in tests that replay any order of events.
 */
import { banStored, takeCommand } from './commands.ts'
import { userFound, writesLost, written } from './delivery.ts'
import type { RouterEffect, RouterEvent } from './events.ts'
import { exchangeKeys, keysExchanged } from './exchange.ts'
import { sendAnswers } from './inbox/answers.ts'
import { inboxRead } from './inbox/readers.ts'
import { tellDelivered, tellRemoved } from './inbox/removed.ts'
import { runsStored } from './inbox/storing.ts'
import { giveUpStore, keepInboxes, storeAll } from './inbox/upkeep.ts'
import { keyDecided, keysRevoked, policiesChanged } from './keys.ts'
import {
  acceptorLost,
  accountChanged,
  authenticate,
  connectionClosed,
  decideLogin,
  inboxOpened,
  refuseApplicants,
} from './login.ts'
import { pastDecided } from './past.ts'
import { announce } from './presence.ts'
import { receiptAskersKnown } from './receipt-askers.ts'
import { acknowledged, passwordChanged } from './requests.ts'
import type { RouterState, Step } from './state.ts'
import { takeRelay, takeRequest, takeSigned, verified } from './verification.ts'

/**
 * Takes one event.
 *
 * @param state is changed in place
 * @param now Unix time in milliseconds
 * @returns what is to be done, in this order. Frames of a `relay` event are referred to, not copied: run the
 * effects before the event's bytes go away.
 */
export function step(state: RouterState, event: RouterEvent, now: number): RouterEffect[] {
  const effects: RouterEffect[] = []
  const at: Step = { state, now, effects, answers: undefined }
  switch (event.kind) {
    case 'relay':
      takeRelay(at, event)
      break
    case 'relaySigned':
      takeSigned(at, event)
      break
    case 'authenticate':
      authenticate(at, event)
      break
    case 'exchangeKeys':
      exchangeKeys(at, event)
      break
    case 'keysExchanged':
      keysExchanged(at, event.connection, event.verdict)
      break
    case 'request':
      takeRequest(at, event)
      break
    case 'written':
      written(at, event)
      break
    case 'closed':
      connectionClosed(at, event.connection)
      break
    case 'loginVerdict':
      decideLogin(at, event.connection, event.verdict)
      break
    case 'passwordVerdict':
      passwordChanged(at, event)
      break
    case 'userFound':
      userFound(at, event.userId, event.found)
      break
    case 'banned':
      banStored(at, event)
      break
    case 'accountChanged':
      accountChanged(at, event.userId)
      // Whoever gets the name next has asked for nothing.
      if (event.isRemoved) state.receiptAskers.delete(event.userId)
      break
    case 'verified':
      verified(at, event.bundle, event.verdicts)
      break
    case 'keyVerdict':
      keyDecided(at, event)
      break
    case 'keysRevoked':
      keysRevoked(at, event.userId, event.keys, undefined)
      break
    case 'policiesChanged':
      policiesChanged(at, event.userId, event.policies)
      break
    case 'command':
      takeCommand(at, event.id, event.command)
      break
    case 'draining':
      refuseApplicants(at)
      break
    case 'acceptorLost':
      acceptorLost(at, event.acceptor)
      writesLost(at, event.acceptor)
      break
    case 'acknowledged':
      acknowledged(at, event)
      break
    case 'inboxOpened':
      inboxOpened(at, event.connection, event.user, event.opened)
      break
    case 'inboxRead':
      inboxRead(at, event.user, event.connection, event.page)
      break
    case 'runsStored':
      runsStored(at, event.runs)
      break
    case 'runsDelivered':
      tellDelivered(at, event.delivered)
      break
    case 'pastVerdict':
      pastDecided(at, event)
      break
    case 'runsRemoved':
      tellRemoved(at, event.removed)
      break
    case 'inboxesKnown':
      for (const user of event.users) state.inbox.known.add(user)
      break
    case 'receiptAskersKnown':
      receiptAskersKnown(at, event.askers)
      break
    case 'journalLoaded':
      state.inbox.repeats.load(event.entries)
      break
    case 'storeChanged':
      state.inbox.isStoreDown = event.isDown
      break
    case 'quiesced':
      storeAll(at)
      break
    case 'storeGivenUp':
      giveUpStore(at)
      break
    case 'tick':
      announce(at)
      keepInboxes(at)
      break
    default:
      event satisfies never
  }
  sendAnswers(at)
  return effects
}
