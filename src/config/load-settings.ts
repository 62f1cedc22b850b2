/** Loads the settings of a server or a command: reads the files, resolves, checks the rules between settings. */
import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs'
import { parse } from 'dotenv'
import { crossProblems, crossWarnings, isLoopback } from './cross-checks.ts'
import { limits } from './limits.ts'
import { resolveSettings, type SettingSource, type Variables } from './resolve.ts'
import { type SettingName, type Settings, settingsShape } from './settings.ts'

/** Where settings are looked for. */
export interface SettingPlaces {
  /** By variable name, such as `PARLEY_PORT`. */
  readonly flags: Variables
  readonly env: Variables
  /** Path of the `.env` file; `required` when a person named it. Undefined: none is read. */
  readonly envFile: { readonly path: string; readonly required: boolean } | undefined
}

/** The settings with the place that each came from. */
export interface LoadedSettings {
  readonly kind: 'loaded'
  readonly settings: Settings
  readonly sources: Readonly<Record<SettingName, SettingSource>>
  /** Sentences: names that are no settings, and what is probably not meant. */
  readonly warnings: readonly string[]
}

/** Why there are no settings: all problems at once, a sentence each. */
export interface RefusedSettings {
  readonly kind: 'refused'
  readonly problems: readonly string[]
  readonly warnings: readonly string[]
}

/** Variables with the prefix that commands read and that are no settings. */
export const otherVariables = ['PARLEY_PASSWORD_FILE'] as const

/** Loads all settings: a flag goes before the environment, that before the `.env` file, that before the default. */
export function loadSettings(places: SettingPlaces): LoadedSettings | RefusedSettings {
  const envFile = readEnvFile(places.envFile)
  const { values, sources, problems, warnings } = resolveSettings(settingsShape, {
    flags: places.flags,
    env: places.env,
    envFile: envFile.variables,
    otherNames: otherVariables,
    readSecretFile,
  })
  const derived = withDerivedDefaults(values, sources)
  const all = [...envFile.problems, ...problems, ...crossProblems(derived).map((problem) => problem.message)]
  if (all.length > 0) return { kind: 'refused', problems: all, warnings }
  // Without a problem every property has its value.
  const settings = derived as Settings
  return { kind: 'loaded', settings, sources, warnings: [...warnings, ...crossWarnings(settings)] }
}

/** Defaults that depend on another setting. */
function withDerivedDefaults(
  values: Partial<Settings>,
  sources: Readonly<Record<SettingName, SettingSource>>,
): Partial<Settings> {
  if (sources.minSecurity !== 'default' || values.host === undefined) return values
  return { ...values, minSecurity: isLoopback(values.host) ? 'plain' : 'sealed' }
}

/**
 * Reads a small file that holds a secret.
 *
 * @throws Error when it can't be read, is no regular file or too large, or is not UTF-8
 */
export function readSecretFile(path: string): string {
  const bytesMax = limits.secretFileBytesMax.value
  const descriptor = openSync(path, 'r')
  try {
    if (fstatSync(descriptor).isDirectory()) throw new Error('it is a folder')
    // Read with a bound, whatever the size says: a pipe or a device has none.
    const bytes = Buffer.alloc(bytesMax + 1)
    let length = 0
    while (length <= bytesMax) {
      const count = readSync(descriptor, bytes, length, bytes.length - length, null)
      if (count === 0) break
      length += count
    }
    if (length > bytesMax) throw new Error(`it is longer than ${bytesMax} bytes`)
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, length))
  } finally {
    closeSync(descriptor)
  }
}

function readEnvFile(envFile: SettingPlaces['envFile']): { variables: Variables; problems: string[] } {
  if (envFile === undefined) return { variables: {}, problems: [] }
  try {
    return { variables: parse(readFileSync(envFile.path, 'utf8')), problems: [] }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    if (code === 'ENOENT' && !envFile.required) return { variables: {}, problems: [] }
    return { variables: {}, problems: [`${envFile.path} can't be read (${code})`] }
  }
}
