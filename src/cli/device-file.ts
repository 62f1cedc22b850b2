/**
 * What this machine is to servers, for one user: the id of the device, made once, and up to where it has got its messages
 * from each server. A small file of JSON that only its owner can read.
 */
import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import type { Cursor, CursorStore } from '../client/index.ts'
import { changeLockedFile } from '../client/locked-file.ts'
import { CliError, ExitCode } from './cli-error.ts'

const cursorSchema = z.object({ epoch: z.string().min(1).max(64), seq: z.int().min(0) })
const fileSchema = z.object({
  deviceId: z.string().min(1).max(64),
  cursors: z.record(z.string(), cursorSchema).default({}),
})

/** Servers whose cursors are kept; the ones that were used last stay. */
const serversMax = 100

/** A device, as the command line uses it. */
export interface Device {
  readonly deviceId: string
  /** The cursors of the device at a server. */
  store(server: string): CursorStore
}

/**
 * Reads the file, or makes it.
 *
 * @throws CliError when it can't be used
 */
export async function openDevice(path: string): Promise<Device> {
  const { deviceId } = await change(path, (file) => file)
  return {
    deviceId,
    store: (server) => ({
      load: async () => {
        const { cursors } = await change(path, (file) => file)
        return Object.hasOwn(cursors, server) ? cursors[server] : undefined
      },
      save: async (_userId, cursor) => {
        await change(path, (file) => withCursor(file, server, cursor))
      },
    }),
  }
}

type DeviceContent = z.infer<typeof fileSchema>

async function change(path: string, make: (content: DeviceContent) => DeviceContent): Promise<DeviceContent> {
  let result: DeviceContent | undefined
  try {
    await changeLockedFile(path, (text) => {
      const before = read(text)
      result = make(before)
      return result === before && text !== '' ? text : `${JSON.stringify(result, undefined, 2)}\n`
    })
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new CliError(ExitCode.failed, `The file of this device, ${path}, can't be used: ${reason}`, error)
  }
  return result ?? read('')
}

function read(text: string): DeviceContent {
  if (text === '') return { deviceId: `cli-${randomBytes(12).toString('base64url')}`, cursors: {} }
  const content = fileSchema.safeParse(JSON.parse(text))
  if (content.success) return content.data
  throw new Error('it is not the file of a device; move it away to begin anew')
}

function withCursor(file: DeviceContent, server: string, cursor: Cursor): DeviceContent {
  const others = Object.entries(file.cursors).filter(([name]) => name !== server)
  const { epoch, seq } = cursor
  return { ...file, cursors: Object.fromEntries([...others, [server, { epoch, seq }] as const].slice(-serversMax)) }
}
