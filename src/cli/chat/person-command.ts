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
  | { readonly kind: 'help' }
  | { readonly kind: 'quit' }
  | { readonly kind: 'nothing' }
  /** Not understood; the sentence says what to type. */
  | { readonly kind: 'mistake'; readonly problem: string }

/** What `/help` prints. */
export const personHelp: readonly string[] = [
  'TEXT                       say it to the partner set with /with',
  '@USER TEXT, /to USER TEXT  say it to one user',
  '/with USER                 talk to this user from now on; /with alone: to nobody',
  '/all TEXT                  say it to everyone (operators)',
  '/who [PREFIX]              who is online',
  '/kick USER [REASON]        end a user’s session (operators); /kick USER 10m REASON bans as well (s, m, h, d)',
  '/passwd                    change your password',
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
      return { kind: 'with', userId: rest === '' ? undefined : rest.replace(/^@/, '') }
    case 'who':
      return { kind: 'who', prefix: rest === '' ? undefined : rest }
    case 'kick':
      return readKick(rest)
    case 'passwd':
      return { kind: 'passwd' }
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
  return { kind: 'kick', userId: userId.replace(/^@/, ''), banSeconds, reason: reason === '' ? undefined : reason }
}

/** The first word, and what follows it. */
function cut(text: string): [word: string, rest: string] {
  const match = /^(\S*)\s*([\s\S]*)$/.exec(text)
  return [match?.[1] ?? '', match?.[2] ?? '']
}

function mistake(problem: string): PersonCommand {
  return { kind: 'mistake', problem }
}
