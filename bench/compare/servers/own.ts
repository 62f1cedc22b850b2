/** Parley and the floor server, described like the others. */
import { readFileSync } from 'node:fs'
import { floorKind } from '../../servers/floor.ts'
import { benchSettings, parleyKind } from '../../servers/parley.ts'
import type { CompareSecurity } from '../options.ts'
import { type ComparedKind, devicesPerUser } from './compared.ts'

/** Parley. */
export const ownKind = (security: CompareSecurity): ComparedKind => ({
  ...parleyKind({ profileFolder: undefined, isSealed: security === 'sealed' }),
  missing: () => undefined,
  describe: async () => {
    const settings = benchSettings({ folder: '.', port: 0, manyDevices: false })
    const inherited = Object.entries(process.env).filter(([name]) => name.startsWith('PARLEY_'))
    const all = { ...Object.fromEntries(inherited), ...settings }
    return {
      version: ownVersion(),
      command: 'node bin/parley.js serve',
      configuration: [
        ...Object.entries(all).map(([name, value]) => `${name}=${value}`),
        '# for idle connections PARLEY_SESSION_POLICY=multi; all else as it is by default',
        ...(security === 'sealed' ? ['# clients seal their sessions, in suite 1'] : []),
      ].join('\n'),
    }
  },
})

const floor = floorKind({ profileFolder: undefined })

/** The floor. */
export const comparedFloorKind: ComparedKind = {
  ...floor,
  // As many devices per user as Parley, so that as few logins come before its memory is looked at.
  start: async (needs) => ({ ...(await floor.start(needs)), devicesPerUser: needs.manyDevices ? devicesPerUser : 1 }),
  missing: () => undefined,
  describe: async () => ({
    version: ownVersion(),
    command: 'node build/bench/floor/main.js PORT',
    configuration: '# the least that Node can do: one thread, no checks, believes everybody',
  }),
}

function ownVersion(): string {
  const text = readFileSync(new URL('../../../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
