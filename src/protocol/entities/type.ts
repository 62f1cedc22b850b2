/**
 * Makes the schemas of entities: plain JSON Schema, typed as typebox types it. Typebox's own makers are not loaded for the dozen that
 * are needed: with them come 370 modules, in each thread and each client, and a tenth of a second of the server's start.
 */
import type { Static, TSchema, Type as Typebox } from 'typebox'

export type { Static }

type Makers = Pick<
  typeof Typebox,
  'Array' | 'Boolean' | 'Integer' | 'Literal' | 'Number' | 'Object' | 'Optional' | 'String' | 'Union' | 'Unknown'
>

/** Members that may be missing. JSON Schema says so in the object around them, and typebox in a hidden property. */
const optionals = new WeakSet<object>()

const makers = {
  Array: (items: TSchema, options?: object) => ({ type: 'array', items, ...options }),
  Boolean: () => ({ type: 'boolean' }),
  Integer: (options?: object) => ({ type: 'integer', ...options }),
  Literal: (value: string | number | boolean) => ({ type: typeof value, const: value }),
  Number: (options?: object) => ({ type: 'number', ...options }),
  Object: (properties: Readonly<Record<string, TSchema>>) => {
    const required = Object.keys(properties).filter((name) => !optionals.has(properties[name] as object))
    return { type: 'object', ...(required.length === 0 ? {} : { required }), properties }
  },
  Optional: (schema: TSchema) => {
    const optional = { ...schema }
    optionals.add(optional)
    return optional
  },
  String: (options?: object) => ({ type: 'string', ...options }),
  Union: (schemas: readonly TSchema[]) => ({ anyOf: schemas }),
  Unknown: () => ({}),
}

/** What `Type` of typebox makes with the same arguments, which `test/protocol/entities/type.test.ts` compares. */
export const Type: Makers = makers as unknown as Makers
