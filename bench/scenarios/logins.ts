/** Logins per second: connect, log in, close. By password, beside argon2id alone; by token, beside the floor. */
import { hash, verify } from '@node-rs/argon2'
import { now } from '../generator/clock.ts'
import type { Settings } from '../options.ts'
import type { Server } from '../servers/server.ts'
import { loadNotes, measureLoad } from './load.ts'
import type { Bench, Case, Column, Measurement, Yardstick } from './scenario.ts'

const columns: readonly Column[] = [
  { key: 'perSecond', heading: 'logins/s', unit: 'per-second', ratio: true },
  { key: 'p50', heading: 'p50', unit: 'milliseconds', ratio: false },
  { key: 'p99', heading: 'p99', unit: 'milliseconds', ratio: false },
  { key: 'serverMicroseconds', heading: 'server CPU/login', unit: 'microseconds', ratio: false },
]

/** A case for passwords and one for tokens. */
export function loginCases(settings: Settings): Case[] {
  const base = {
    scenario: 'logins',
    columns,
    needs: { users: settings.logins, manyDevices: false },
    freshServer: false,
  }
  return [
    {
      ...base,
      name: 'logins by password',
      title: `by password, ${settings.logins} clients at a time, beside checks of argon2id alone, two at a time`,
      beside: argon2Alone,
      run: (server, bench) => run(server, bench, 'password'),
    },
    {
      ...base,
      name: 'logins by token',
      title: `by token, ${settings.logins} clients at a time`,
      beside: 'floor',
      run: (server, bench) => run(server, bench, 'token'),
    },
  ]
}

async function run(server: Server, bench: Bench, by: 'password' | 'token'): Promise<Measurement> {
  const { settings } = bench
  const logins =
    by === 'token'
      ? await bench.tokens.logins(settings.logins)
      : Array.from({ length: settings.logins }, (_, user) => server.login(user))
  const generators = bench.startGenerators(Math.min(settings.generators, logins.length))
  await Promise.all(
    generators.map((generator, index) =>
      generator.prepare({
        kind: 'logins',
        endpoint: server.endpoint,
        logins: logins.filter((_, login) => login % generators.length === index),
      }),
    ),
  )
  const startMs = now()
  const measureMs = startMs + settings.warmupSeconds * 1000
  const schedule = { startMs, measureMs, endMs: measureMs + settings.seconds * 1000 }
  await Promise.all(generators.map((generator) => generator.start(schedule)))
  bench.progress('warming up')
  await new Promise((resolve) => setTimeout(resolve, measureMs - now()))
  const load = await measureLoad(server, generators, {
    seconds: settings.seconds,
    onSecond: (done) => bench.progress(`${done.toLocaleString('en')} logins/s`),
  })
  const outcomes = await Promise.all(generators.map((generator) => generator.stop()))
  const times = outcomes[0]?.times
  const figures: Record<string, number> = { perSecond: load.done / load.seconds }
  if (times !== undefined && times.count > 0) {
    figures['p50'] = times.p50Ms
    figures['p99'] = times.p99Ms
  }
  if (load.serverCpuMs !== undefined && load.done > 0) {
    figures['serverMicroseconds'] = (load.serverCpuMs * 1000) / load.done
  }
  return {
    figures,
    verification: undefined,
    load,
    times,
    notes: loadNotes(load),
    faults: outcomes.flatMap((outcome) => outcome.complaints),
  }
}

/** How many password checks the machine can do when it does nothing else. */
const argon2Alone: Yardstick = {
  name: 'argon2id',
  measure: async (seconds) => {
    const password = 'only for benchmarks'
    const hashed = await hash(password, { memoryCost: 19_456, timeCost: 2, parallelism: 1 })
    const began = performance.now()
    const endMs = began + seconds * 1000
    let done = 0
    const lane = async (): Promise<void> => {
      while (performance.now() < endMs) {
        await verify(hashed, password)
        done++
      }
    }
    await Promise.all([lane(), lane()])
    const figures = { perSecond: (done * 1000) / (performance.now() - began) }
    return { figures, verification: undefined, load: undefined, times: undefined, notes: [], faults: [] }
  },
}
