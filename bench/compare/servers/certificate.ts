/** A certificate of RSA 2048 for all servers of a comparison, signed by itself and known to the clients. */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** A certificate and its private key as PEM. */
export interface Certificate {
  readonly text: string
  readonly key: string
}

/** Whom it certifies. */
export const certificateName = 'localhost'

let making: Promise<Certificate> | undefined

/** Makes it at the first call. Rejects where there is no program `openssl`. */
export function makeCertificate(): Promise<Certificate> {
  making ??= make()
  return making
}

async function make(): Promise<Certificate> {
  const folder = await mkdtemp(join(tmpdir(), 'parley-compare-certificate-'))
  try {
    const subject = ['-subj', `/CN=${certificateName}`, '-addext', `subjectAltName=DNS:${certificateName}`]
    const files = ['-keyout', 'key.pem', '-out', 'certificate.pem']
    const args = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-sha256', '-days', '2', ...subject, ...files]
    await promisify(execFile)('openssl', args, { cwd: folder, timeout: 60_000 })
    const [text, key] = await Promise.all([
      readFile(join(folder, 'certificate.pem'), 'utf8'),
      readFile(join(folder, 'key.pem'), 'utf8'),
    ])
    return { text, key }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
