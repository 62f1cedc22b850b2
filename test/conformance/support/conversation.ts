/** What two talkers must be able to say to each other. */
import type { Test } from 'tap'
import type { Talker } from './talker.ts'

/** Someone in a test: under which name, and what they can do. */
export interface Speaker {
  readonly user: string
  readonly talker: Talker
  /** Signs with an enrolled key. */
  readonly signs: boolean
  /** Sends and reads from end to end. */
  readonly endToEnd: boolean
}

/** Texts that show every way of writing: more than one plane of Unicode, what JSON escapes, what HTML would. */
const words = '你好, Grüße 🙂 "quoted" \\ <b> \u007f'

/** Each says everything to the other, sealed, signed, from end to end, and each reads it for what it is. */
export async function converse(t: Test, one: Speaker, other: Speaker): Promise<void> {
  await say(t, one, other)
  await say(t, other, one)
}

async function say(t: Test, from: Speaker, to: Speaker): Promise<void> {
  const ways = [
    { verb: 'send', signed: false, endToEnd: false, can: true },
    { verb: 'send-signed', signed: true, endToEnd: false, can: from.signs },
    { verb: 'send-e2e', signed: true, endToEnd: true, can: from.endToEnd && to.endToEnd },
  ]
  for (const { verb, signed, endToEnd, can } of ways) {
    if (!can) continue
    const text = `${verb} from ${from.talker.name} to ${to.talker.name}: ${words}`
    const sent = await from.talker.ask(`${verb} ${to.user} ${text}`, 'sent')
    const got = await to.talker.outcome('text')
    t.match(sent, { to: to.user, status: taken }, `${from.talker.name} → ${to.talker.name}: ${verb} is sent`)
    t.match(
      got,
      { from: from.user, type: 'TextMsgRequest', text, signed, endToEnd },
      `${from.talker.name} → ${to.talker.name}: ${verb} is read`,
    )
  }
}

/** What a message is answered with whose receiver is there: the SDK acknowledges, the examples do not. */
export const taken = /^(sent|delivered)$/

/** Both sides must see the same keys and the same number. */
export async function compareKeys(t: Test, one: Speaker, other: Speaker): Promise<void> {
  const [seen, seenByOther] = await Promise.all([
    one.talker.ask(`keys ${other.user}`, 'keys'),
    other.talker.ask(`keys ${one.user}`, 'keys'),
  ])
  t.equal(seen['safetyNumber'], seenByOther['safetyNumber'], `${one.talker.name} and ${other.talker.name} compare keys`)
  t.match(seen['safetyNumber'], /^(\d{5} ){11}\d{5}$/)
}
