/** All scenarios by name. */
import type { ScenarioName } from '../options.ts'
import { idleCases } from './idle.ts'
import { latencyCases } from './latency.ts'
import { loginCases } from './logins.ts'
import type { Scenario } from './scenario.ts'
import { throughputCases } from './throughput.ts'

/** The scenarios; a new one is a file here and a name in the options. */
export const scenarios: Readonly<Record<ScenarioName, Scenario>> = {
  throughput: throughputCases,
  latency: latencyCases,
  logins: loginCases,
  idle: idleCases,
}
