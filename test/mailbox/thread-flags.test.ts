import t from 'tap'
import { threadFlags } from '../../src/mailbox/thread-flags.ts'

t.test('a thread takes over the flags that make profiles, and no others', async (t) => {
  t.strictSame(threadFlags(['--import=x', '--cpu-prof', '--cpu-prof-dir=/d', '--enable-source-maps']), [
    '--cpu-prof',
    '--cpu-prof-dir=/d',
  ])
})
