/** From a client's answer to an offer of keys to a connection that is sealed: keeps who it is until the login. */
import type { ConnectionId, ExchangeKeysMessage } from '../mailbox/router-messages.ts'
import { errors } from '../protocol/errors.ts'
import { resumptionSecretOf } from '../security/key-schedule.ts'
import type { KeyExchangeVerdict, SealedIdentity } from './events.ts'
import type { Step } from './state.ts'

/** A client has answered an offer: hands the frames to who computes keys. */
export function exchangeKeys(step: Step, message: ExchangeKeysMessage): void {
  const { connection, nonce, offer, offerTime, offerCallbackId, terminalBody } = message
  if (step.state.peers.has(connection)) return
  step.state.peers.set(connection, { kind: 'exchanging', connection, nonce })
  const attempt = { offer, nonce, offerTime, offerCallbackId, terminalBody }
  step.effects.push({ kind: 'exchangeKeys', connection, attempt })
}

/** The keys were computed, or not. */
export function keysExchanged(step: Step, connection: ConnectionId, verdict: KeyExchangeVerdict): void {
  const peer = step.state.peers.get(connection)
  // The client has gone meanwhile.
  if (peer?.kind !== 'exchanging') return
  if (!verdict.ok) {
    step.state.peers.delete(connection)
    step.effects.push({ kind: 'send', connection, message: endOf(connection, verdict) })
    return
  }
  const { body, keys, transcriptHash, suite, thumbprint, clientKey, resumed } = verdict
  const identity: SealedIdentity = {
    suite,
    thumbprint,
    clientKey,
    nonce: peer.nonce,
    transcriptHash,
    proof: undefined,
    resumptionSecret: resumptionSecretOf(keys),
    resumed,
  }
  step.state.peers.set(connection, { kind: 'sealed', connection, identity })
  const isResumed = resumed !== undefined
  step.effects.push({
    kind: 'send',
    connection,
    message: { kind: 'seal', connection, body, keys, transcriptHash, suite, thumbprint, resumed: isResumed },
  })
}

function endOf(connection: ConnectionId, verdict: Extract<KeyExchangeVerdict, { ok: false }>) {
  return verdict.code === 'server_busy'
    ? ({ kind: 'close', connection, reason: 'server_busy', message: errors.server_busy.message } as const)
    : ({ kind: 'cut', connection, detail: verdict.detail } as const)
}
