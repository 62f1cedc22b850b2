/**
 * Finds each setting's value among the places it may stand in, in this order: flag, environment, `.env`
 * file, default; reads it, and collects all problems instead of stopping at the first. Pure but for the
 * reader of secret files, which is passed in.
 */
import type { SettingEntry, SettingsShape, ValuesOf } from './setting.ts'
import { nearestName, settingPrefix, variableOf } from './setting-names.ts'

/** Where a value came from. */
export type SettingSource = 'flag' | 'environment' | '.env file' | 'default'

/** Text by variable name, such as `PARLEY_PORT`. */
export type Variables = Readonly<Record<string, string | undefined>>

/** What a resolution looks at. */
export interface SettingInputs {
  readonly flags: Variables
  readonly env: Variables
  readonly envFile: Variables
  /** Names with the prefix that are no settings and still have a meaning, so that nobody is warned of them. */
  readonly otherNames?: readonly string[]
  /** Gives the text of a file that holds a secret. @throws Error with a sentence when it can't be read */
  readonly readSecretFile: (path: string) => string
}

/** All that could be found, and all that is wrong. */
export interface Resolution<Shape extends SettingsShape> {
  /** Whole when there are no problems. */
  readonly values: Partial<ValuesOf<Shape>>
  readonly sources: Readonly<Record<keyof Shape, SettingSource>>
  /** One sentence each, naming the variable. */
  readonly problems: readonly string[]
  readonly warnings: readonly string[]
}

/** Text found for a setting, or why what was found can't be used. */
type Found = FoundText | { readonly source: SettingSource; readonly problem: string }

interface FoundText {
  readonly source: SettingSource
  readonly text: string
  /** The file that a secret was read from. */
  readonly fromFile?: string
}

/** Resolves all settings of a shape. */
export function resolveSettings<Shape extends SettingsShape>(shape: Shape, inputs: SettingInputs): Resolution<Shape> {
  const values: Record<string, unknown> = {}
  const sources: Record<string, SettingSource> = {}
  const problems: string[] = []
  for (const [property, entry] of Object.entries(shape)) {
    const found = find(property, entry, inputs)
    sources[property] = found.source
    if ('problem' in found) {
      problems.push(found.problem)
      continue
    }
    const result = entry.schema.safeParse(found.text)
    if (result.success) values[property] = result.data
    else problems.push(...result.error.issues.map((issue) => describe(property, entry, found, issue.message)))
  }
  const unknown = unknownNames(shape, inputs)
  return {
    // Each value came out of the schema of its property, above.
    values: values as Partial<ValuesOf<Shape>>,
    sources: sources as Record<keyof Shape, SettingSource>,
    problems: [...problems, ...unknown.problems],
    warnings: unknown.warnings,
  }
}

function find(property: string, entry: SettingEntry, inputs: SettingInputs): Found {
  const variable = variableOf(property)
  const flag = inputs.flags[variable]
  // An empty flag was typed on purpose; an empty variable is how compose files and shells say "not set".
  if (flag !== undefined) return { source: 'flag', text: flag }
  for (const [source, variables] of [
    ['environment', inputs.env],
    ['.env file', inputs.envFile],
  ] as const) {
    const text = variables[variable] || undefined
    const path = entry.meta.secret ? variables[`${variable}_FILE`] || undefined : undefined
    if (text !== undefined && path !== undefined) {
      return { source, problem: `${variable} and ${variable}_FILE are both set (${source}): take one of them` }
    }
    if (text !== undefined) return { source, text }
    if (path !== undefined) return fromSecretFile({ variable, path }, source, inputs)
  }
  return { source: 'default', text: entry.meta.defaultText }
}

function fromSecretFile(
  secret: { variable: string; path: string },
  source: SettingSource,
  inputs: SettingInputs,
): Found {
  try {
    // An editor ends a file with a newline that is no part of the secret.
    const text = inputs.readSecretFile(secret.path).replace(/\r?\n$/, '')
    return { source, text, fromFile: secret.path }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return { source, problem: `${secret.variable}_FILE: ${secret.path} can't be read (${reason})` }
  }
}

function describe(property: string, entry: SettingEntry, found: FoundText, message: string): string {
  const shown = entry.meta.secret ? '' : `, not ${JSON.stringify(found.text.slice(0, 80))}`
  return `${variableOf(property)} ${message}${shown} (${found.fromFile ?? found.source})`
}

/** A wrong name in a flag is a problem, since someone just typed it; elsewhere it may belong to another version. */
function unknownNames(shape: SettingsShape, inputs: SettingInputs): { problems: string[]; warnings: string[] } {
  const known = new Set(inputs.otherNames ?? [])
  for (const [property, entry] of Object.entries(shape)) {
    known.add(variableOf(property))
    if (entry.meta.secret) known.add(`${variableOf(property)}_FILE`)
  }
  const sentences = (variables: Variables, source: SettingSource): string[] =>
    Object.keys(variables)
      .filter((name) => name.startsWith(settingPrefix) && !known.has(name))
      .sort()
      .map((name) => {
        const nearest = nearestName(name, known)
        const hint = nearest === undefined ? '' : `; did you mean ${nearest}?`
        return `${name} is not a setting (${source})${hint}`
      })
  return {
    problems: sentences(inputs.flags, 'flag'),
    warnings: [...sentences(inputs.env, 'environment'), ...sentences(inputs.envFile, '.env file')],
  }
}
