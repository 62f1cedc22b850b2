/** A router's core with people who acknowledge, for tests of inboxes. */
import type { AppendFault, InboxRun } from '../../../src/mailbox/inbox-messages.ts'
import type { Position } from '../../../src/mailbox/position.ts'
import type { RouterEffect } from '../../../src/router/events.ts'
import type { OpenedInbox } from '../../../src/router/inbox/opening.ts'
import type { Recipient } from '../../../src/router/inbox/recipient.ts'
import { accepted, ofKind, RouterWorld } from '../router-world.ts'

/** Nothing was there. */
export const empty: OpenedInbox = {
  cursor: { epoch: 0, seq: 0 },
  count: 0,
  bytes: 0,
  recovered: true,
  missing: 0,
  devices: ['phone'],
  delivered: [],
}

/** See the head of the file. */
export class InboxWorld extends RouterWorld {
  /** Logs in somebody who acknowledges; gives the effects of the store's answer. */
  acknowledging(connection: number, user: string, opened: Partial<OpenedInbox> = {}, device = 'phone'): RouterEffect[] {
    this.authenticate(connection, { UserId: user, Password: 'p', Ack: true, DeviceId: device })
    this.verdict(connection, accepted(user))
    return this.opened(connection, user, opened)
  }

  opened(connection: number, user: string, opened: Partial<OpenedInbox> | undefined): RouterEffect[] {
    const give = opened === undefined ? undefined : { ...empty, ...opened }
    return this.step({ kind: 'inboxOpened', connection, user, opened: give })
  }

  acknowledge(connection: number, place: Position): RouterEffect[] {
    return this.step({ kind: 'acknowledged', connection, callbackId: undefined, ...place })
  }

  /** The store has taken runs in, or has refused their frames from an index on. */
  stored(runs: readonly InboxRun[], refused?: { from: number; code: AppendFault }): RouterEffect[] {
    return this.step({ kind: 'runsStored', runs: runs.map(({ user, seq, count }) => ({ user, seq, count, refused })) })
  }

  found(userId: string): RouterEffect[] {
    return this.step({ kind: 'userFound', userId, found: 'exists' })
  }

  later(ms: number): RouterEffect[] {
    this.now += ms
    return this.step({ kind: 'tick' })
  }

  recipient(user: string): Recipient {
    const recipient = this.state.inbox.recipients.get(user)
    if (recipient === undefined) throw new Error(`${user} is no recipient`)
    return recipient
  }
}

/** The runs that go to the store. */
export function runsIn(effects: readonly RouterEffect[]): InboxRun[] {
  return ofKind(effects, 'append').map(({ run }) => run)
}

/** The numbers that a connection is given. */
export function givenTo(effects: readonly RouterEffect[], connection: number): number[] {
  return ofKind(effects, 'send').flatMap(({ message }) =>
    message.kind === 'deliverNumbered' && message.connection === connection ? [message.seq] : [],
  )
}
