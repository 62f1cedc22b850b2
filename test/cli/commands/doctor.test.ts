import { chmodSync } from 'node:fs'
import t from 'tap'
import { fakeServer, runHere } from '../run-cli.ts'
import { shortFolder } from '../short-folder.ts'

t.test('a machine that is ready passes', async (t) => {
  const run = await runHere(['doctor', '--port', '0', '--ws-port', '0', '--data-dir', shortFolder(t)])
  t.match(run, { exitCode: 0, stdout: /ok {4}package libsql: loads\n[\s\S]*no server runs/ })
})

t.test('a server that runs is seen', async (t) => {
  const dataDir = shortFolder(t)
  await fakeServer(t, dataDir, { status: () => ({ version: '1.0.0', pid: 5, uptimeS: 9 }) })
  const run = await runHere(['doctor', '--json', '--port', '0', '--ws-port', '0', '--data-dir', dataDir])
  const findings = run.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  t.match(
    findings.find((finding) => finding.check === 'control socket'),
    { state: 'fine', detail: /pid 5/ },
  )
})

t.test('what is wrong ends with 1, a wrong setting with 2', async (t) => {
  const root = process.platform === 'win32' || process.getuid?.() === 0
  const folder = shortFolder(t)
  chmodSync(folder, 0o500)
  const args = ['doctor', '--port', '0', '--ws-port', '0', '--host', '192.0.2.1', '--set', 'CONNECTIONS_MAX=0']
  const run = await runHere([...args.slice(0, 5), '--data-dir', folder])
  if (!root) t.match(run, { exitCode: 1, stdout: /FAIL {2}data directory/, stderr: /checks failed/ })
  chmodSync(folder, 0o700)
  t.match(await runHere(['doctor', '--port', 'x']), { exitCode: 2 })
})
