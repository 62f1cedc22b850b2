/** What a person types, as a command. Pure. */

/** One line of input, understood. */
export type PersonCommand =
  | { readonly kind: 'say'; readonly to: string | undefined; readonly message: string }
  | { readonly kind: 'all'; readonly message: string }
  | { readonly kind: 'with'; readonly userId: string | undefined }
  | { readonly kind: 'who'; readonly prefix: string | undefined }
  | {
      readonly kind: 'kick'
      readonly userId: string
      readonly banSeconds: number | undefined
      readonly reason: string | undefined
    }
  | { readonly kind: 'passwd' }
  | { readonly kind: 'history'; readonly userId: string | undefined; readonly limit: number | undefined }
  | KeyCommand
  | { readonly kind: 'help' }
  | { readonly kind: 'quit' }
  | { readonly kind: 'nothing' }
  /** Not understood; the sentence says what to type. */
  | { readonly kind: 'mistake'; readonly problem: string }

/** What has to do with keys; in sealed sessions. */
export type KeyCommand =
  | { readonly kind: 'keys'; readonly userId: string | undefined }
  | { readonly kind: 'enrol' }
  /** Without a number: shows what waits for approval. */
  | { readonly kind: 'approve'; readonly number: number | undefined }
  | { readonly kind: 'revoke'; readonly fingerprint: string }
  /** `isRight`: the person has compared the number that was shown. */
  | { readonly kind: 'safety'; readonly userId: string; readonly isRight: boolean }
  | { readonly kind: 'forget'; readonly userId: string }

/** What `/help` prints. */
export const personHelp: readonly string[] = [
  'TEXT                       say it to the partner set with /with',
  '@USER TEXT, /to USER TEXT  say it to one user',
  '/with USER                 talk to this user from now on; /with alone: to nobody',
  '/all TEXT                  say it to everyone (operators)',
  '/who [PREFIX]              who is online',
  '/kick USER [REASON]        end a user’s session (operators); /kick USER 10m REASON bans as well (s, m, h, d)',
  '/history [USER] [NUMBER]   what was said before, with the partner or a user',
  '/passwd                    change your password',
  '/keys [USER]               your devices, or those of a user, with their fingerprints (in a sealed session, as all that follows)',
  '/enrol                     make this device one of yours, so that it can be written to end to end',
  '/approve [NUMBER]          which of your devices wait to be approved; approve one',
  '/revoke FINGERPRINT        a device of yours is lost: its key never counts again',
  '/safety USER [ok]          the safety number to compare with a user; ok: it was the same',
  '/forget USER               forget the keys of a user, when it is clear why they changed',
  '/quit                      leave; so does Ctrl-D',
  '//TEXT                     say a text that begins with a slash',
]

/** Reads one line. */
export function readPersonCommand(line: string): PersonCommand {
  const text = line.trim()
  if (text === '') return { kind: 'nothing' }
  if (text.startsWith('//')) return { kind: 'say', to: undefined, message: text.slice(1) }
  if (text.startsWith('@')) {
    const [to, message] = cut(text.slice(1))
    if (to === '' || message === '') return mistake('Type @USER TEXT, as in @bob hello.')
    return { kind: 'say', to, message }
  }
  if (!text.startsWith('/')) return { kind: 'say', to: undefined, message: text }
  const [name, rest] = cut(text.slice(1))
  switch (name) {
    case 'to':
    case 'msg': {
      const [to, message] = cut(rest)
      return message === '' ? mistake('Type /to USER TEXT.') : { kind: 'say', to, message }
    }
    case 'all':
      return rest === '' ? mistake('Type /all TEXT.') : { kind: 'all', message: rest }
    case 'with':
      return { kind: 'with', userId: rest === '' ? undefined : nameIn(rest) }
    case 'who':
      return { kind: 'who', prefix: rest === '' ? undefined : rest }
    case 'kick':
      return readKick(rest)
    case 'passwd':
      return { kind: 'passwd' }
    case 'history':
      return readHistory(rest)
    case 'keys':
      return { kind: 'keys', userId: rest === '' ? undefined : nameIn(rest) }
    case 'enrol':
    case 'enroll':
      return { kind: 'enrol' }
    case 'approve':
      return readApprove(rest)
    case 'revoke':
      return rest === ''
        ? mistake('Type /revoke FINGERPRINT, as /keys shows it.')
        : { kind: 'revoke', fingerprint: rest }
    case 'safety':
      return readSafety(rest)
    case 'forget':
      return rest === '' ? mistake('Type /forget USER.') : { kind: 'forget', userId: nameIn(rest) }
    case 'help':
    case '?':
      return { kind: 'help' }
    case 'quit':
    case 'exit':
      return { kind: 'quit' }
    default:
      return mistake(`There is no command /${name}. Type /help; to say a text with a slash at its start, type two.`)
  }
}

const secondsByUnit: ReadonlyMap<string, number> = new Map([
  ['s', 1],
  ['m', 60],
  ['h', 3600],
  ['d', 86400],
])

function readKick(rest: string): PersonCommand {
  const [userId, tail] = cut(rest)
  if (userId === '') return mistake('Type /kick USER [REASON].')
  const [first, afterFirst] = cut(tail)
  const duration = /^(\d{1,9})([smhd])$/.exec(first)
  const banSeconds = duration === null ? undefined : Number(duration[1]) * (secondsByUnit.get(duration[2] ?? '') ?? 1)
  const reason = duration === null ? tail : afterFirst
  return { kind: 'kick', userId: nameIn(userId), banSeconds, reason: reason === '' ? undefined : reason }
}

function readHistory(rest: string): PersonCommand {
  const [first, second] = cut(rest)
  const [name, number] = /^\d{1,3}$/.test(first) && second === '' ? ['', first] : [first, second]
  if (number !== '' && !/^\d{1,3}$/.test(number))
    return mistake('Type /history, /history NUMBER or /history USER NUMBER.')
  return {
    kind: 'history',
    userId: name === '' ? undefined : nameIn(name),
    limit: number === '' ? undefined : Number(number),
  }
}

function readApprove(rest: string): PersonCommand {
  if (rest === '') return { kind: 'approve', number: undefined }
  return /^\d{1,2}$/.test(rest)
    ? { kind: 'approve', number: Number(rest) }
    : mistake('Type /approve, then /approve NUMBER.')
}

function readSafety(rest: string): PersonCommand {
  const [userId, word] = cut(rest)
  if (userId === '' || (word !== '' && word !== 'ok')) return mistake('Type /safety USER, or /safety USER ok.')
  return { kind: 'safety', userId: nameIn(userId), isRight: word === 'ok' }
}

/** A name, as it is or after the sign for one. */
function nameIn(text: string): string {
  return text.replace(/^@/, '')
}

/** The first word, and what follows it. */
function cut(text: string): [word: string, rest: string] {
  const match = /^(\S*)\s*([\s\S]*)$/.exec(text)
  return [match?.[1] ?? '', match?.[2] ?? '']
}

function mistake(problem: string): PersonCommand {
  return { kind: 'mistake', problem }
}
