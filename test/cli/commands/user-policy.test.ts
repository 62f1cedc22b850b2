import t from 'tap'
import { openLocalStore } from '../../../src/store/local-store.ts'
import { runHere } from '../run-cli.ts'
import { shortFolder } from '../short-folder.ts'

t.test('policies are shown, and set one by one', async (t) => {
  const dataDir = shortFolder(t)
  const store = openLocalStore({ dataDir })
  await store.call('addAccount', { userId: 'alice', passwordHash: 'hash', role: 'user' })
  store.close()
  const world = { env: { PARLEY_DATA_DIR: dataDir } }
  t.match((await runHere(['user', 'policy', 'alice'], world)).stdout, /signed only {2}off\n {2}end to end {3}allow/)
  t.match((await runHere(['user', 'policy', 'alice', '--signed-only', 'on'], world)).stdout, /on\n.*allow/)
  t.match((await runHere(['user', 'policy', 'alice', '--end-to-end', 'require'], world)).stdout, /on\n.*require/)
  t.equal((await runHere(['user', 'policy', 'alice', '--end-to-end', 'maybe'], world)).exitCode, 2)
  t.match(await runHere(['user', 'policy', 'bob'], world), { exitCode: 1, stderr: /no user bob/ })
})
