/** Reads the JSON lines of an import and finds all faults, with their lines, before anything is done. */
import type { Role } from '../mailbox/store-messages.ts'
import { userIdFault } from '../protocol/user-id.ts'
import { isPasswordHash } from '../workers/password.ts'
import { passwordFault } from './password-source.ts'

/** An account of the file. */
export interface ImportedAccount {
  readonly userId: string
  readonly role: Role
  /** A password still to be hashed, or a hash. */
  readonly secret: { readonly kind: 'password' | 'hash'; readonly text: string }
}

/** All accounts and all faults; the accounts count only when there are no faults. */
export interface ImportReading {
  readonly accounts: readonly ImportedAccount[]
  /** A sentence each, which begins with the line; never with a password in it. */
  readonly faults: readonly string[]
}

const fields: ReadonlySet<string> = new Set(['UserId', 'Password', 'PasswordHash', 'Role'])

/** Reads the text of an import: one JSON object a line; empty lines count and are skipped. */
export function readImport(text: string): ImportReading {
  const accounts: ImportedAccount[] = []
  const faults: string[] = []
  const lineByUser = new Map<string, number>()
  text.split('\n').forEach((lineText, index) => {
    const line = index + 1
    if (lineText.trim() === '') return
    const read = readLine(lineText)
    if (typeof read === 'string') {
      faults.push(`line ${line}: ${read}`)
      return
    }
    const earlier = lineByUser.get(read.userId)
    if (earlier === undefined) lineByUser.set(read.userId, line)
    else faults.push(`line ${line}: ${read.userId} is in line ${earlier} already`)
    accounts.push(read)
  })
  return { accounts, faults }
}

/** The account, or what is wrong with the line. */
function readLine(text: string): ImportedAccount | string {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return 'is not JSON'
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'is not a JSON object'
  const given = new Map<string, unknown>(Object.entries(value))
  for (const name of given.keys()) {
    if (!fields.has(name))
      return `has the field ${JSON.stringify(name.slice(0, 64))}; known are ${[...fields].join(', ')}`
  }
  const userId = given.get('UserId')
  if (typeof userId !== 'string') return 'UserId is missing, or no text'
  const fault = userIdFault(userId)
  if (fault !== undefined) return `UserId: ${fault}`
  const role = given.get('Role') ?? 'user'
  if (role !== 'user' && role !== 'operator') return 'Role must be "user" or "operator"'
  const secret = readSecret(given.get('Password'), given.get('PasswordHash'))
  return typeof secret === 'string' ? secret : { userId, role, secret }
}

function readSecret(password: unknown, hash: unknown): ImportedAccount['secret'] | string {
  if ((password === undefined) === (hash === undefined)) return 'must have either Password or PasswordHash'
  if (password !== undefined) {
    if (typeof password !== 'string') return 'Password must be a text'
    const fault = passwordFault(password)
    return fault === undefined ? { kind: 'password', text: password } : `Password: ${fault}`
  }
  if (typeof hash !== 'string' || !isPasswordHash(hash)) {
    return 'PasswordHash must be an argon2id hash in PHC form ($argon2id$v=19$m=…,t=…,p=…$salt$hash) of a cost that this server takes'
  }
  return { kind: 'hash', text: hash }
}
