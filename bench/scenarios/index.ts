/** All scenarios by name. */
import type { RunSettings, ScenarioName } from '../options.ts'
import { acknowledgedCases } from './acknowledged.ts'
import { broadcastCases } from './broadcast.ts'
import { connectCases } from './connect.ts'
import { growthCases } from './growth.ts'
import { idleCases } from './idle.ts'
import { latencyCases } from './latency.ts'
import { loginCases } from './logins.ts'
import { mixedCases } from './mixed.ts'
import { offlineCases } from './offline.ts'
import type { Case } from './scenario.ts'
import { signedCases } from './signed.ts'
import { throughputCases } from './throughput.ts'

/** The scenarios; a new one is a file here and a name in the options. */
export const scenarios: Readonly<Record<ScenarioName, (settings: RunSettings) => readonly Case[]>> = {
  throughput: (settings) => {
    if (settings.security === 'signed') return signedCases(settings, 'PS256')
    return settings.security === 'hs256' ? signedCases(settings, 'HS256') : throughputCases(settings)
  },
  latency: latencyCases,
  logins: loginCases,
  idle: idleCases,
  broadcast: (settings) => broadcastCases(settings, settings.broadcast),
  connect: connectCases,
  mixed: mixedCases,
  growth: growthCases,
  offline: (settings) => [...offlineCases(settings, settings.stored), ...acknowledgedCases(settings)],
}
