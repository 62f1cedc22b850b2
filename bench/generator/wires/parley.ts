/** Parley's own wire; the floor server speaks it too. Pure. */
import { encodeBroadcast, encodeLogin, encodeMessage } from '../frame.ts'
import { FrameReader } from '../frame-reader.ts'
import type { Login } from '../raw-connection.ts'
import { parleyStoring } from './parley-storing.ts'
import { type Dialogue, type Step, type Wire, wait } from './wire.ts'

interface AuthAnswer {
  readonly Success?: boolean
  readonly Token?: string
  readonly Ticket?: string
  readonly Code?: string
  readonly Message?: string
}

/** The wire. */
export const parleyWire: Wire = {
  login: (login: Login): Dialogue => ({ opening: encodeLogin(login), hear }),
  subscribe: () => undefined,
  encodeMessage,
  encodeBroadcast,
  makeReader: (handler) => new FrameReader(handler),
  control: (frame) => (frame.includes('"HeartbeatRequest"') ? 'nothing' : 'complaint'),
  storing: parleyStoring,
}

function hear(input: Buffer): Step {
  const start = input.indexOf(0x02)
  const end = input.indexOf(0x03, start + 1)
  if (start === -1 || end === -1) return wait
  const consumed = end + 1
  const envelope = JSON.parse(input.toString('utf8', start + 1, end)) as { MsgType: string; Content: string }
  if (envelope.MsgType === 'ErrorResponse') return { kind: 'failed', reason: envelope.Content }
  if (envelope.MsgType !== 'AuthResponse') return { kind: 'say', bytes: Buffer.alloc(0), consumed }
  const answer = JSON.parse(envelope.Content) as AuthAnswer
  if (answer.Success !== true) return { kind: 'failed', reason: `${answer.Code}: ${answer.Message}` }
  const ticket = answer.Ticket === undefined ? {} : { ticket: answer.Ticket }
  return { kind: 'done', consumed, token: answer.Token ?? '', ...ticket }
}
