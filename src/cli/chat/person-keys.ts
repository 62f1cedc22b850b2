/** What a person does with keys while talking: enrols, approves and revokes devices, and compares safety numbers. */
import { type Client, type KeyEvent, type KeysChanged, ParleyError } from '../../client/index.ts'
import { fingerprintBlocks, readFingerprint } from '../../security/fingerprint-blocks.ts'
import { neutraliseLine } from './neutralise.ts'
import type { KeyCommand } from './person-command.ts'

/** Where lines go. What is in them is harmless already. */
export interface KeyLines {
  note(text: string): void
  /** Something that the person should not overlook. */
  warn(text: string): void
}

/** Requests for approval that are kept; the server keeps 4 of a user. */
const requestsMax = 8

/** See the head of the file. */
export class PersonKeys {
  readonly #client: Client
  readonly #lines: KeyLines
  /** What this device is called where its key is enrolled. */
  readonly #deviceName: string
  /** Keys of this user that wait for approval, as far as this session was told. */
  readonly #requests: KeyEvent[] = []
  /** Safety numbers that were shown, by user: the person says yes to what was shown, not to what is true by then. */
  readonly #shown = new Map<string, string>()

  constructor(client: Client, deviceName: string, lines: KeyLines) {
    this.#client = client
    this.#deviceName = deviceName
    this.#lines = lines
    client.on('KeyEvent', (event) => this.#happened(event))
    client.on('keysChanged', (change) => this.#changed(change))
    client.on('serverKeyRotated', ({ blocks }) =>
      this.#lines.note(`The server has a new key, which its old one signed: ${blocks}`),
    )
  }

  async run(command: KeyCommand): Promise<void> {
    switch (command.kind) {
      case 'keys':
        await this.#list(command.userId)
        return
      case 'enrol':
        await this.enrol()
        return
      case 'approve':
        await this.#approve(command.number)
        return
      case 'revoke':
        await this.#revoke(command.fingerprint)
        return
      case 'safety':
        await this.#safety(command.userId, command.isRight)
        return
      case 'forget':
        await this.#client.forgetUser(command.userId)
        this.#lines.note(
          `What was known of the keys of ${neutraliseLine(command.userId)} is forgotten: the next look counts as the first.`,
        )
        return
    }
  }

  /** Enrols the key of this device, unless it is. */
  async enrol(): Promise<void> {
    const { thumbprint = '', session } = this.#client
    const { keys } = await this.#client.directory(session?.userId ?? '')
    if (keys.some((key) => key.thumbprint === thumbprint)) return
    const { status } = await this.#client.enrolKey({ deviceId: this.#deviceName })
    if (status === 'enrolled') {
      this.#lines.note(`The key of this device was enrolled: ${fingerprintBlocks(thumbprint)}`)
      return
    }
    this.#lines.warn(
      `The key of this device waits for approval. On another device of yours type /approve, or ask the operator. Its fingerprint: ${fingerprintBlocks(thumbprint)}`,
    )
  }

  async #list(userId: string | undefined): Promise<void> {
    const { thumbprint, session } = this.#client
    const name = userId ?? session?.userId ?? ''
    const { keys, verified } = await this.#client.directory(name)
    const isSelf = name === session?.userId
    if (keys.length === 0) this.#lines.note(`${neutraliseLine(name)} has no enrolled key.`)
    for (const key of keys) {
      const mark = key.thumbprint === thumbprint ? ' (this device)' : ''
      this.#lines.note(`${neutraliseLine(key.deviceId)}${mark}: ${fingerprintBlocks(key.thumbprint)}`)
    }
    if (!isSelf && keys.length > 0)
      this.#lines.note(verified ? 'Verified.' : `Not verified: compare with /safety ${neutraliseLine(name)}`)
  }

  async #approve(number: number | undefined): Promise<void> {
    const request = number === undefined ? undefined : this.#requests[number - 1]
    if (request === undefined) {
      if (this.#requests.length === 0) this.#lines.note('No key has asked for approval since you are here.')
      this.#requests.forEach((event, index) => {
        this.#lines.note(`${index + 1}. ${neutraliseLine(event.DeviceId)}: ${blocksOf(event.Thumbprint)}`)
      })
      if (this.#requests.length > 0) this.#lines.note('Compare with what that device shows, then type /approve NUMBER.')
      return
    }
    await this.#client.approveKey({ thumbprint: request.Thumbprint, deviceId: request.DeviceId })
    this.#drop(request.Thumbprint)
    this.#lines.note(`${neutraliseLine(request.DeviceId)} was approved.`)
  }

  async #revoke(text: string): Promise<void> {
    const thumbprint = readFingerprint(text)
    if (thumbprint === undefined) {
      this.#lines.note('Type /revoke FINGERPRINT, as /keys shows it.')
      return
    }
    await this.#client.revokeKey(thumbprint)
    this.#lines.note('The key was revoked for good.')
  }

  async #safety(userId: string, isRight: boolean): Promise<void> {
    const name = neutraliseLine(userId)
    if (isRight) {
      const shown = this.#shown.get(userId)
      if (shown === undefined) throw new ParleyError('bad_state', { message: `First look at it: /safety ${name}` })
      await this.#client.verifyUser(userId, shown)
      this.#lines.note(`${name} is verified.`)
      return
    }
    const { keys, safetyNumber, verified } = await this.#client.directory(userId)
    if (keys.length === 0) {
      this.#lines.note(`${name} has no enrolled key.`)
      return
    }
    this.#shown.set(userId, safetyNumber)
    this.#lines.note(`Safety number with ${name}${verified ? ' (verified)' : ''}:`)
    const groups = safetyNumber.split(' ')
    for (let at = 0; at < groups.length; at += 4) this.#lines.note(`  ${groups.slice(at, at + 4).join(' ')}`)
    if (!verified)
      this.#lines.note(`Compare it by voice or in person. When it is the same on both sides: /safety ${name} ok`)
  }

  #happened({ Kind, DeviceId, Thumbprint, UserId }: KeyEvent): void {
    const device = neutraliseLine(DeviceId)
    this.#drop(Thumbprint)
    switch (Kind) {
      case 'requested':
        this.#requests.push({ Kind, DeviceId, Thumbprint, UserId })
        if (this.#requests.length > requestsMax) this.#requests.shift()
        this.#lines.warn(`A device, ${device}, wants to read what is sent to you. If it is yours, type /approve.`)
        return
      case 'enrolled':
        this.#lines.warn(`The device ${device} was added to yours: ${blocksOf(Thumbprint)}`)
        return
      case 'revoked':
        this.#lines.note(`The key of the device ${device} was revoked.`)
        return
    }
  }

  #changed({ userId, added, removed, beganAnew, wasVerified }: KeysChanged): void {
    const name = neutraliseLine(userId)
    for (const { deviceId } of removed)
      this.#lines.note(`${name} has no longer the device ${neutraliseLine(deviceId)}.`)
    for (const { deviceId, thumbprint } of added) {
      this.#lines.warn(`${name} has a new device, ${neutraliseLine(deviceId)}: ${fingerprintBlocks(thumbprint)}`)
    }
    if (beganAnew) this.#lines.warn(`An operator let ${name} begin anew: only the server vouches for these keys.`)
    if (wasVerified) this.#lines.warn(`The safety number with ${name} has changed. Compare it again: /safety ${name}`)
  }

  #drop(thumbprint: string): void {
    const at = this.#requests.findIndex((request) => request.Thumbprint === thumbprint)
    if (at >= 0) this.#requests.splice(at, 1)
  }
}

/** A fingerprint that the server sent: it may be anything. */
function blocksOf(thumbprint: string): string {
  return readFingerprint(thumbprint) === undefined ? neutraliseLine(thumbprint) : fingerprintBlocks(thumbprint)
}
