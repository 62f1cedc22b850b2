/** Reads a `Content`: parses it, and checks it against the schema of its entity. Only who reads messages of strangers needs this. */
import { Compile, type Validator } from 'typebox/schema'
import { type Entity, entities } from './entities/index.ts'
import { type Fault, fault } from './errors.ts'
import { type Json, type JsonLimits, parseJson } from './json.ts'

/** Levels and keys that a `Content` may have. */
export const contentLimits: JsonLimits = { depthMax: 32, keysMax: 1024 }

const validators = new Map<string, Validator>()

/** Schemas are compiled when they are first needed: most connections need few. */
function validatorOf(entity: Entity): Validator {
  let validator = validators.get(entity.type)
  if (validator === undefined) {
    validator = Compile(entity.schema)
    validators.set(entity.type, validator)
  }
  return validator
}

/**
 * Parses a `Content` and checks it against the entity's schema. Members that the schema does not name
 * are allowed. For a type without an entity any JSON text is accepted.
 *
 * @returns the value, or a `bad_content` fault whose sentence names the field.
 */
export function readContent(type: string, content: string): { value: Json } | { fault: Fault } {
  const parsed = parseJson(content, contentLimits)
  if ('problem' in parsed) return { fault: fault('bad_content', `Content ${parsed.problem}.`) }
  const entity = entities.get(type)
  if (entity === undefined) return parsed
  const validator = validatorOf(entity)
  if (validator.Check(parsed.value)) return parsed
  const first = validator.Errors(parsed.value)[1][0]
  const field = first?.instancePath.slice(1).replaceAll('/', '.') ?? ''
  const where = field === '' ? 'Content' : `Content.${field}`
  return { fault: fault('bad_content', `${where} of ${type} ${first?.message ?? 'does not fit its schema'}.`) }
}
