/** Loads sealing when it is asked for, and only then: it needs `node:crypto`, which a page does not have. */
import { attempt } from './attempt.ts'
import type { ClientKeys, KeysHost } from './client-keys.ts'
import { ParleyError } from './errors.ts'
import { type KeyPins, MemoryKeyPins } from './key-pins.ts'
import { serverName } from './known-hosts.ts'
import type { ClientOptions } from './options.ts'
import type { SealingLayer } from './sealed-channel.ts'
import type { SealOptions } from './sealing-options.ts'

/** What a client that seals has more than others. */
export interface Sealed {
  readonly sealing: SealingLayer
  makeKeys(host: Omit<KeysHost, 'pins'>): ClientKeys
}

/**
 * Makes the sealing of a client. A server that is met for the first time is shown to the person here, where one is to be asked.
 *
 * @throws ParleyError `sealing_unavailable` in a page, `bad_argument` for options that can't be used, `pin_mismatch` when the
 *   person does not trust the server's key, and what a connection throws
 */
export async function makeSealing(
  options: ClientOptions,
  seal: SealOptions,
  signal: AbortSignal = new AbortController().signal,
): Promise<Sealed> {
  if (!isNode()) {
    throw new ParleyError('sealing_unavailable', {
      message: 'This SDK seals in Node only; in a page, use wss:// (TLS), or WebCrypto as in examples/browser.',
    })
  }
  const { Sealing } = await import('./sealing.ts')
  const { ClientKeys } = await import('./client-keys.ts')
  const pins = await pinsOf(options)
  const sealing = new Sealing(options.address, seal)
  await sealing.meet((connect) => attempt(options, signal, (signal) => connect({ ...options, signal })))
  return { sealing, makeKeys: (host) => new ClientKeys({ ...host, pins }) }
}

async function pinsOf({ address, keyPins }: ClientOptions): Promise<KeyPins> {
  if (typeof keyPins !== 'string') return keyPins ?? new MemoryKeyPins()
  const { KeyPinsFile } = await import('./key-pins-file.ts')
  return new KeyPinsFile(keyPins, serverName(address))
}

function isNode(): boolean {
  return typeof process === 'object' && typeof process.versions?.node === 'string'
}
