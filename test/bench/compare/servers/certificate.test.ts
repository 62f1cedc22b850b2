import { X509Certificate } from 'node:crypto'
import t from 'tap'
import { certificateName, makeCertificate } from '../../../../bench/compare/servers/certificate.ts'
import { findProgram } from '../../../../bench/compare/servers/compared.ts'

const skip = findProgram('openssl') === undefined && 'there is no openssl here'

t.test('the certificate is of RSA 2048, made once, and its key is its own', { skip }, async (t) => {
  const { text, key } = await makeCertificate()
  const certificate = new X509Certificate(text)
  t.equal(certificate.publicKey.asymmetricKeyType, 'rsa')
  t.equal(certificate.publicKey.asymmetricKeyDetails?.modulusLength, 2048)
  t.equal(certificate.checkHost(certificateName), certificateName)
  t.match(key, /^-----BEGIN PRIVATE KEY-----/)
  t.equal((await makeCertificate()).text, text)
})
