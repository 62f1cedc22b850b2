/** Sealed clients of a test's server that have keys of their own, enrol them, and sign. */
import { randomUUID } from 'node:crypto'
import type { ClientKey } from '../../../src/security/client-handshake.ts'
import { signApproval, signEnrolment } from '../../../src/security/enrolment.ts'
import {
  type MessageFields,
  type Sign,
  signMessage,
  signSessionMessage,
} from '../../../src/security/message-signature.ts'
import type { Offer } from '../../../src/security/offer.ts'
import { clientKey, type HandshakeOptions, newClientKey, type SealedClient } from './sealed-client.ts'
import { connectSealed } from './sealed-people.ts'
import { password, type Test, type TestServer } from './test-server.ts'
import { bodyOf, type Content } from './wire-client.ts'

/** Somebody in a sealed session, with a key. */
export interface Person {
  readonly client: SealedClient
  readonly key: ClientKey
  readonly offer: Offer
  readonly user: string
  /** The answer to the login. */
  readonly welcome: Content
}

const keys: ClientKey[] = []

/** The nth key of this process: the same every time, since making one takes a while. */
export function keyNumber(index: number): ClientKey {
  while (keys.length <= index) keys.push(keys.length === 0 ? clientKey() : newClientKey())
  return keys[index] as ClientKey
}

/** Shakes hands and logs in; throws when that fails, unless it may. */
export async function enter(
  t: Test,
  server: TestServer,
  who: { user: string; key: ClientKey; secret?: object; mayFail?: boolean } & Pick<HandshakeOptions, 'ticket'>,
): Promise<Person> {
  const { user, key, secret = { Password: password }, ticket } = who
  const client = await connectSealed(t, server)
  const offer = await client.offer()
  const pending = client.answer(offer, ticket === undefined ? { key } : { ticket })
  client.sendText(pending.terminalBody)
  await client.finish(pending)
  const welcome = await client.prove(user, secret)
  if (welcome.Success !== true && who.mayFail !== true) throw new Error(`${user} could not log in: ${welcome.Code}`)
  return { client, key, offer, user, welcome }
}

/** What enrols a key; `approver` is the key that vouches for it. */
export function enrolment(
  person: Person,
  deviceId: string,
  options: { key?: ClientKey; approver?: ClientKey } = {},
): object {
  const { key = person.key, approver } = options
  const { identityThumbprint: serverThumbprint, nonce } = person.offer
  const claim = { userId: person.user, deviceId, serverThumbprint, thumbprint: key.thumbprint, nonce }
  return {
    Key: key.publicJwk,
    DeviceId: deviceId,
    Signature: signEnrolment(key.privateKey, claim),
    ...(approver === undefined
      ? {}
      : { Approval: { Key: approver.thumbprint, Signature: signApproval(approver.privateKey, claim) } }),
  }
}

/** Somebody whose key is the first one of the user, and enrolled. */
export async function enrolled(t: Test, server: TestServer, user: string, key: ClientKey): Promise<Person> {
  const person = await enter(t, server, { user, key })
  const { content } = await person.client.request('EnrolKeyRequest', enrolment(person, `${user}'s device`))
  if (content.Success !== true) throw new Error(`the key of ${user} was not enrolled: ${content.Code}`)
  return person
}

/** A text with everything that a signature needs, but for the `Sign`. */
export function textTo(person: Person, to: string, message: string): MessageFields {
  return {
    from: person.user,
    to,
    clientMsgId: randomUUID(),
    createTime: Math.floor(Date.now() / 1000),
    msgType: 'TextMsgRequest',
    content: JSON.stringify({ Message: message }),
  }
}

/** Signs by the key. */
export function signed(person: Person, fields: MessageFields, key: ClientKey = person.key): Sign {
  return signMessage('PS256', key.privateKey, key.thumbprint, fields)
}

/** Signs by the signing key of the session. */
export function signedBySession(person: Person, fields: MessageFields): Sign {
  const { session } = person.client
  if (session === undefined) throw new Error('the handshake comes first')
  const time = Math.floor(Date.now() / 1000)
  return signSessionMessage(session.keys.signingKey, fields, time, randomUUID())
}

/** The body of a message. */
export function bodyFor(fields: MessageFields, sign: Sign | undefined, more: object = {}): string {
  return bodyOf(fields.msgType, JSON.parse(fields.content), envelopeOf(fields, sign, more))
}

/** The envelope's fields of a message, without type and content. */
export function envelopeOf(fields: MessageFields, sign: Sign | undefined, more: object = {}): object {
  return {
    ToUserId: fields.to,
    ClientMsgId: fields.clientMsgId,
    CreateTime: fields.createTime,
    ...(sign === undefined ? {} : { Sign: sign }),
    ...more,
  }
}

/** Sends a message and waits for the answer. */
export async function say(
  person: Person,
  fields: MessageFields,
  sign: Sign | undefined,
  more: object = {},
): Promise<Content> {
  const content: unknown = JSON.parse(fields.content)
  return (await person.client.request(fields.msgType, content, envelopeOf(fields, sign, more))).content
}
