/** The public part of the server's own keys: of the server that runs, or, where none does, from its files. */
import type { RsaPublicJwk } from '../security/jwk.ts'
import type { ShownKeys } from '../server/key-keeper.ts'
import { CliError, ExitCode } from './cli-error.ts'
import { type ControlClient, connectControl } from './control-client.ts'

/** What can be told of the server's keys. Only a server that runs knows more than its identity. */
export interface ServerKeys {
  readonly identity: string
  readonly identityKey: RsaPublicJwk
  readonly running: ShownKeys | undefined
}

/** Reads the keys of a data directory. @throws CliError where there are none yet */
export async function readServerKeys(dataDir: string): Promise<ServerKeys> {
  const shown = await askServer(dataDir, (control) => control.call('keysShow', {}))
  if (shown !== undefined) return { identity: shown.identity, identityKey: shown.identityKey, running: shown }
  const { KeyFiles } = await import('../store/key-files.ts')
  const identity = new KeyFiles(dataDir).readIdentity()
  if (identity === undefined) {
    throw new CliError(
      ExitCode.failed,
      `There are no keys in the data directory ${dataDir} yet: a server makes them when it first starts.`,
    )
  }
  return identityOf(identity.privateKey)
}

/** Makes a new identity, signed by the one before. @throws CliError where there is none before */
export async function rotateServerKeys(dataDir: string): Promise<ServerKeys> {
  const shown = await askServer(dataDir, (control) => control.call('keysRotate', {}))
  if (shown !== undefined) return { identity: shown.identity, identityKey: shown.identityKey, running: shown }
  const { KeyFiles, nextIdentity } = await import('../store/key-files.ts')
  const files = new KeyFiles(dataDir)
  const before = files.readIdentity()
  if (before === undefined) {
    throw new CliError(ExitCode.failed, `There are no keys in the data directory ${dataDir} that could be renewed.`)
  }
  const next = await nextIdentity(before, Math.floor(Date.now() / 1000))
  files.writeIdentity(next)
  return identityOf(next.privateKey)
}

async function identityOf(
  privateKey: Parameters<typeof import('../security/jwk.ts').publicJwkOf>[0],
): Promise<ServerKeys> {
  const { publicJwkOf, thumbprintOf } = await import('../security/jwk.ts')
  const identityKey = publicJwkOf(privateKey)
  return { identity: thumbprintOf(identityKey), identityKey, running: undefined }
}

async function askServer<Result>(
  dataDir: string,
  ask: (control: ControlClient) => Promise<Result>,
): Promise<Result | undefined> {
  const control = await connectControl(dataDir)
  if (control === undefined) return undefined
  try {
    return await ask(control)
  } finally {
    control.close()
  }
}
