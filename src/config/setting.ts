/**
 * What a setting is made of: a zod schema that reads its text, and what people need to know of it.
 * All values come in as text (a flag, an environment variable, a line of a `.env` file), and leave typed.
 */
import { resolve } from 'node:path'
import { z } from 'zod'

/** Where a setting stands in the documentation. */
export type SettingGroup =
  | 'Listening'
  | 'Security'
  | 'Frames'
  | 'Login'
  | 'Sessions'
  | 'History'
  | 'Limits'
  | 'Inboxes'
  | 'Worker pool'
  | 'Running'

/** What people are told of a setting. */
export interface SettingMeta {
  readonly group: SettingGroup
  /** What it does, for an operator; no full stop at the end. */
  readonly about: string
  /** What it may be, in a few words. */
  readonly values: string
  /** The default as text, as it could stand in a `.env` file. */
  readonly defaultText: string
  /** How the default comes about, where it differs between machines; shown in place of `defaultText`. */
  readonly defaultRule?: string
  /** Whether the value must never be printed, and may come from the file that `<NAME>_FILE` names. */
  readonly secret: boolean
}

/** A schema that reads the text of one setting. */
export type SettingSchema = z.ZodType<unknown, string>

/** A schema of settings by property name. */
export type SettingsShape = Readonly<Record<string, SettingEntry>>

/** One setting: how it is read, and what people are told of it. */
export interface SettingEntry<Schema extends SettingSchema = SettingSchema> {
  readonly schema: Schema
  readonly meta: SettingMeta
}

/** The typed values of a shape. */
export type ValuesOf<Shape extends SettingsShape> = { readonly [Name in keyof Shape]: z.output<Shape[Name]['schema']> }

/** A reader of text with the words for what it takes. */
interface Reader<Schema extends SettingSchema> {
  readonly schema: Schema
  readonly values: string
}

/** Makes the entry of a setting. `values` is what the reader takes, unless given. */
export function setting<Schema extends SettingSchema>(
  reader: Reader<Schema>,
  meta: {
    readonly group: SettingGroup
    readonly about: string
    readonly defaultText: string
    readonly defaultRule?: string
    readonly values?: string
    readonly secret?: boolean
  },
): SettingEntry<Schema> {
  return { schema: reader.schema, meta: { secret: false, values: reader.values, ...meta } }
}

/** Reads a whole number in decimal digits. */
export function wholeNumber(range: { min: number; max: number }): Reader<z.ZodType<number, string>> {
  const values = `${range.min}–${range.max}`
  const schema = z
    .string()
    .trim()
    .regex(/^\d{1,15}$/)
    .transform(Number)
    .pipe(z.number().min(range.min).max(range.max))
  return { schema: withProblem(schema, `must be a whole number from ${range.min} to ${range.max}`), values }
}

/** Reads one byte, in decimal or as `0x02`. */
export function byteValue(): Reader<z.ZodType<number, string>> {
  const schema = z
    .string()
    .trim()
    .regex(/^(0[xX][0-9a-fA-F]{1,2}|\d{1,3})$/)
    .transform(Number)
    .pipe(z.number().max(0xff))
  return { schema: withProblem(schema, 'must be one byte, such as 0x02 or 2'), values: 'a byte, as `0x02` or `2`' }
}

/** Reads one of some words, whatever its case. */
export function oneOf<const Word extends string>(words: readonly [Word, ...Word[]]): Reader<z.ZodType<Word, string>> {
  const schema = z.string().trim().toLowerCase().pipe(z.enum(words))
  return {
    schema: withProblem(schema, `must be ${wordList(words)}`),
    values: words.map((word) => `\`${word}\``).join(', '),
  }
}

/** Reads `on` or `off` (also `true`, `false`, `1`, `0`, `yes`, `no`). */
export function onOrOff(): Reader<z.ZodType<boolean, string>> {
  const schema = z.stringbool({ truthy: ['on', 'true', '1', 'yes'], falsy: ['off', 'false', '0', 'no'] })
  return { schema: withProblem(z.string().trim().pipe(schema), 'must be on or off'), values: '`on`, `off`' }
}

/** Reads a host name or an IP address to listen on. */
export function host(): Reader<z.ZodType<string, string>> {
  const schema = z
    .string()
    .trim()
    .regex(/^[A-Za-z0-9._:%-]{1,253}$/)
  return {
    schema: withProblem(schema, 'must be an IP address or a host name, without a port or brackets'),
    values: 'address or host name',
  }
}

/** Reads a folder; gives it as an absolute path. */
export function folder(): Reader<z.ZodType<string, string>> {
  const schema = z
    .string()
    .min(1)
    .refine((text) => !text.includes('\0'))
    .transform((text) => resolve(text))
  return { schema: withProblem(schema, 'must be the path of a folder'), values: 'path' }
}

/** Reads how much of conversations is kept: `off`, or days and perhaps a count of messages, as `30d,1000`. */
export function historyKept(): Reader<
  z.ZodType<{ readonly daysMax: number; readonly countMax: number | undefined } | undefined, string>
> {
  const problem = 'must be off, or days and perhaps a count of messages, such as 30d or 30d,1000'
  const schema = z.string().transform((text, context) => {
    if (text.trim().toLowerCase() === 'off') return undefined
    const found = /^\s*([1-9]\d{0,3})d\s*(?:,\s*([1-9]\d{0,8})\s*)?$/i.exec(text)
    if (found === null) {
      context.addIssue({ code: 'custom', message: problem })
      return z.NEVER
    }
    return { daysMax: Number(found[1]), countMax: found[2] === undefined ? undefined : Number(found[2]) }
  })
  return { schema, values: '`off`, or days and perhaps a count: `30d`, `30d,1000`' }
}

/** Reads a list of web origins divided by commas: empty, or `*`, or `https://chat.example:8443`, …. */
export function origins(): Reader<z.ZodType<readonly string[], string>> {
  const problem = 'must be origins divided by commas, such as https://chat.example,http://10.0.0.5:8080, or *'
  const schema = z.string().transform((text, context): readonly string[] => {
    const items = text.split(',').map((item) => item.trim())
    const found: string[] = []
    for (const item of items) {
      if (item === '') continue
      const origin = item === '*' ? item : originOf(item)
      if (origin !== undefined) {
        found.push(origin)
        continue
      }
      context.addIssue({ code: 'custom', message: problem })
      return z.NEVER
    }
    return found
  })
  return { schema, values: 'origins divided by commas, or `*`' }
}

/** Reads numbers out of a list divided by commas, each at most once. */
export function numbersOf<const Item extends number>(
  items: readonly Item[],
): Reader<z.ZodType<readonly Item[], string>> {
  const values = `some of ${items.join(', ')}, divided by commas`
  const schema = z.string().transform((text, context): readonly Item[] => {
    const found = text.split(',').map((part) => items.find((item) => String(item) === part.trim()))
    const known = found.filter((item) => item !== undefined)
    if (known.length === found.length && new Set(known).size === known.length) return known
    context.addIssue({ code: 'custom', message: `must be ${values}` })
    return z.NEVER
  })
  return { schema, values }
}

/** Reads a secret text, or nothing; use with `secret: true`. */
export function optionalSecret(shape: RegExp, values: string): Reader<z.ZodType<string | undefined, string>> {
  const schema = z.string().transform((text, context): string | undefined => {
    if (text === '') return undefined
    if (shape.test(text)) return text
    context.addIssue({ code: 'custom', message: `must be ${values}` })
    return z.NEVER
  })
  return { schema, values }
}

/** Reads a secret text; use with `secret: true`. */
export function secretText(range: { lengthMin: number; lengthMax: number }): Reader<z.ZodType<string, string>> {
  return {
    schema: withProblem(
      z.string().min(range.lengthMin).max(range.lengthMax),
      `must have ${range.lengthMin} to ${range.lengthMax} characters`,
    ),
    values: 'text',
  }
}

/** The same schema, with one sentence for whatever is wrong. */
function withProblem<Output>(schema: z.ZodType<Output, string>, message: string): z.ZodType<Output, string> {
  return z.string().transform((text, context): Output => {
    const result = schema.safeParse(text)
    if (result.success) return result.data
    context.addIssue({ code: 'custom', message })
    return z.NEVER
  })
}

function originOf(text: string): string | undefined {
  if (!/^https?:\/\/[^/?#]+\/?$/i.test(text)) return undefined
  try {
    const url = new URL(text)
    return url.username === '' && url.password === '' ? url.origin : undefined
  } catch {
    return undefined
  }
}

/** `a, b or c`. */
function wordList(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`
}
