/** Enrols the key of the generator for a user: in a sealed session of its own, as a client of that user would. */
import { signEnrolment } from '../../src/security/enrolment.ts'
import { type Endpoint, type Login, RawConnection } from './raw-connection.ts'
import { generatorKey } from './sealing.ts'

const deviceId = 'parley-bench'
const answerTimeoutMs = 30_000

/** Rejects with the server's words when it does not take the key. */
export async function enrol(endpoint: Endpoint, login: Login): Promise<void> {
  const connection = await RawConnection.open({ ...endpoint, security: { kind: 'sealed' } }, login)
  try {
    const answer = await new Promise<string>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('no answer to the enrolment')), answerTimeoutMs)
      connection.handler = (bytes, start, end) => {
        const text = bytes.toString('utf8', start, end)
        if (!text.includes('"CallbackID":"enrol"')) return
        clearTimeout(timer)
        resolve(text)
      }
      connection.write(enrolmentFrame(connection, login.userId), () => {})
    })
    if (!answer.includes('\\"Success\\":true')) throw new Error(`${login.userId} could not enrol a key: ${answer}`)
  } finally {
    await connection.close()
  }
}

function enrolmentFrame(connection: RawConnection, userId: string): Buffer {
  const agreed = connection.sealing?.agreed
  if (agreed === undefined) throw new Error('a key is enrolled in a sealed session')
  const { identityThumbprint: serverThumbprint, nonce } = agreed.offer
  const { privateKey, publicJwk, thumbprint } = generatorKey()
  const claim = { userId, deviceId, serverThumbprint, thumbprint, nonce }
  const content = { Key: publicJwk, DeviceId: deviceId, Signature: signEnrolment(privateKey, claim) }
  const body = { MsgType: 'EnrolKeyRequest', Content: JSON.stringify(content), CallbackID: 'enrol' }
  return Buffer.from(`\x02${JSON.stringify(body)}\x03`)
}
