import t from 'tap'
import { Type as Typebox } from 'typebox'
import { Compile } from 'typebox/schema'
import { type Static, Type } from '../../../src/protocol/entities/type.ts'

/** The same schema, made by whoever is given. */
const make = (maker: typeof Type) =>
  maker.Object({
    Text: maker.String(),
    Short: maker.Optional(maker.String({ minLength: 1, maxLength: 3, pattern: '^a' })),
    Whole: maker.Integer({ minimum: 0, maximum: 9 }),
    Any: maker.Unknown(),
    AnyOrNone: maker.Optional(maker.Unknown()),
    One: maker.Union([maker.Literal('x'), maker.Literal(1), maker.Literal(true)]),
    List: maker.Array(maker.Object({ Deep: maker.Optional(maker.Boolean()) }), { minItems: 1, maxItems: 2 }),
    Plain: maker.Array(maker.Number({ exclusiveMinimum: 0 })),
    Empty: maker.Object({}),
  })

t.test('schemas are those of typebox', async (t) => {
  t.equal(JSON.stringify(make(Type)), JSON.stringify(make(Typebox)))
})

t.test('a schema that is made optional stays what it is elsewhere', async (t) => {
  const text = Type.String()
  Type.Optional(text)
  t.same(Type.Object({ Text: text }), { type: 'object', required: ['Text'], properties: { Text: { type: 'string' } } })
})

t.test('a value is of the type that the schema has', async (t) => {
  const value: Static<ReturnType<typeof make>> = {
    Text: '',
    Whole: 9,
    Any: null,
    One: 'x',
    List: [{ Deep: false }],
    Plain: [0.5],
    Empty: {},
  }
  const check = Compile(make(Type))
  t.ok(check.Check(value))
  t.notOk(check.Check({ ...value, Whole: 10 }))
  t.notOk(check.Check({ ...value, Text: undefined }))
})
