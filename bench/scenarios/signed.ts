/**
 * Signed messages per second, beside what one core can verify when it does nothing else. Each message is signed before
 * the measurement, so there is a fixed number of them: what is timed is from the first tenth to the last.
 */
import { createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto'
import { clientKeyOf } from '../../src/security/client-handshake.ts'
import {
  signMessage,
  signSessionMessage,
  verifyMessage,
  verifySessionMessage,
} from '../../src/security/message-signature.ts'
import { Secret } from '../../src/security/secret.ts'
import { now } from '../generator/clock.ts'
import type { Generator } from '../generator/generator.ts'
import type { RunSettings } from '../options.ts'
import type { Server } from '../servers/server.ts'
import { sumArrivals, verify } from '../verifier.ts'
import { loadNotes, watchLoad } from './load.ts'
import type { Bench, Case, Measurement, Yardstick } from './scenario.ts'
import { describe, loadFigures, pairUp, throughputColumns } from './throughput.ts'

type Algorithm = 'PS256' | 'HS256'

const lookMs = 20
/** Shares of the messages between which the time is taken. */
const [measureFrom, measureTo] = [0.1, 0.9]

/** One case for each number in flight. */
export function signedCases(settings: RunSettings, alg: Algorithm): Case[] {
  return settings.windows.map((window) => ({
    scenario: 'throughput',
    name: `${alg}, ${window} in flight`,
    title: `${describe(settings)}, signed with ${alg}, ${window} in flight per sender, beside one core that only verifies`,
    columns: throughputColumns,
    beside: verificationAlone(alg),
    needs: { users: 2 * settings.pairs, manyDevices: false },
    // No server takes a message twice, nor another key for a user without being asked to.
    freshServer: true,
    run: (server, bench) => run(server, bench, { alg, window, messages: settings.signedMessages }),
  }))
}

async function run(
  server: Server,
  bench: Bench,
  work: { readonly alg: Algorithm; readonly window: number; readonly messages: number },
): Promise<Measurement> {
  const { settings } = bench
  const { alg, window } = work
  const pairs = pairUp(await bench.tokens.logins(2 * settings.pairs))
  const each = Math.ceil(work.messages / pairs.length)
  const generators = bench.startGenerators(Math.min(settings.generators, pairs.length))
  bench.progress(`${(each * pairs.length).toLocaleString('en')} messages are signed`)
  await Promise.all(
    generators.map((generator, index) =>
      generator.prepare({
        kind: 'closed-loop',
        endpoint: server.endpoint,
        pairs: pairs.filter((pair) => pair.number % generators.length === index),
        shape: { size: settings.size, from: 'set', callback: false },
        window,
        signing: { alg, messages: each },
      }),
    ),
  )
  const schedule = { startMs: now(), measureMs: 0, endMs: Number.MAX_SAFE_INTEGER }
  await Promise.all(generators.map((generator) => generator.start(schedule)))
  const all = each * pairs.length
  const began = await reached(generators, all * measureFrom)
  const finish = watchLoad(server)
  const ended = await reached(generators, all * measureTo)
  const load = finish({
    done: ended.done - began.done,
    generatorActive: (ended.activeMs - began.activeMs) / (ended.atMs - began.atMs),
    generatorCpuMs: ended.cpuMs - began.cpuMs,
  })
  bench.progress(`${Math.round(load.done / load.seconds).toLocaleString('en')} messages/s`)
  const outcomes = await Promise.all(generators.map((generator) => generator.stop()))
  const sent = outcomes.reduce((sum, outcome) => sum + outcome.sent, 0)
  return {
    figures: loadFigures(load),
    verification: verify(sent, sumArrivals(outcomes.map((outcome) => outcome.arrivals))),
    load,
    times: undefined,
    notes: loadNotes(load),
    faults: outcomes.flatMap((outcome) => outcome.complaints),
  }
}

/** Waits until so much is done, or nothing more comes; the busiest generator's time stands for all. */
async function reached(
  generators: readonly Generator[],
  done: number,
): Promise<{ atMs: number; done: number; cpuMs: number; activeMs: number }> {
  let quietSince = now()
  let last = -1
  for (;;) {
    const all = await Promise.all(generators.map((generator) => generator.mark()))
    const sum = all.reduce((total, one) => total + one.done, 0)
    if (sum !== last) quietSince = now()
    last = sum
    if (sum >= done || now() - quietSince > 5000) {
      return {
        atMs: all[0]?.atMs ?? 0,
        done: sum,
        cpuMs: all.reduce((total, one) => total + one.cpuMs, 0),
        activeMs: Math.max(...all.map((one) => one.activeMs)),
      }
    }
    await new Promise((resolve) => setTimeout(resolve, lookMs))
  }
}

/** How many signatures one core verifies. */
function verificationAlone(alg: Algorithm): Yardstick {
  return {
    name: `${alg} alone`,
    measure: async (seconds) => {
      const check = checkOf(alg)
      const began = performance.now()
      let done = 0
      while (performance.now() < began + seconds * 1000) {
        for (let index = 0; index < 100; index++) if (!check()) throw new Error('a good signature was refused')
        done += 100
      }
      const figures = { perSecond: (done * 1000) / (performance.now() - began) }
      return { figures, verification: undefined, load: undefined, times: undefined, notes: [], faults: [] }
    },
  }
}

function checkOf(alg: Algorithm): () => boolean {
  const fields = {
    from: 'bench-00000',
    to: 'bench-00001',
    clientMsgId: 'message-0000000001',
    createTime: Math.floor(Date.now() / 1000),
    msgType: 'TextMsgRequest',
    content: JSON.stringify({ Message: 'x'.repeat(128) }),
  }
  if (alg === 'HS256') {
    const key = new Secret(randomBytes(32))
    const sign = signSessionMessage(key, fields, fields.createTime, fields.clientMsgId)
    return () => verifySessionMessage(sign, key, fields)
  }
  const { privateKey, thumbprint } = clientKeyOf(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey)
  const sign = signMessage('PS256', privateKey, thumbprint, fields)
  const publicKey = createPublicKey(privateKey)
  return () => verifyMessage(sign, publicKey, fields)
}
