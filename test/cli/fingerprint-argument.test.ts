import t from 'tap'
import { fingerprintArgument } from '../../src/cli/fingerprint-argument.ts'
import { fingerprintBlocks } from '../../src/security/fingerprint-blocks.ts'

const thumbprint = Buffer.alloc(32, 7).toString('base64url')

t.test('a key is named by its thumbprint or by its blocks', async (t) => {
  t.equal(fingerprintArgument(thumbprint), thumbprint)
  t.equal(fingerprintArgument(` ${fingerprintBlocks(thumbprint).toLowerCase()} `), thumbprint)
  t.throws(() => fingerprintArgument('abc'), { code: 'commander.invalidArgument' })
})
