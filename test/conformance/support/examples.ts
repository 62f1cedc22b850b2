/** The example clients: whether their runtimes are there, how they are built and started. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runs, skipUnless } from '../../system/support/outside-program.ts'
import type { Test } from '../../system/support/test-server.ts'
import type { ProgramCommand } from './program-talker.ts'

// Compiled tests run from build/test/conformance/support; what they start stays where it was written.
const root = fileURLToPath(new URL('../../../../', import.meta.url))

/** The path of a file or folder of the project. */
export function projectPath(path: string): string {
  return join(root, path)
}

/** A Python that has the package `cryptography`: the first one in the path may be another one than the system's. */
const python = [process.env['PYTHON'], 'python3', '/usr/bin/python3'].find(
  (program) => program !== undefined && runs(program, ['-c', 'import cryptography']),
)
export const skipPython = skipUnless(
  python !== undefined,
  'no Python with the package cryptography: install python3 and python3-cryptography, or name a program in the variable PYTHON',
)
export const skipJava = skipUnless(
  runs('javac', ['--version']) && runs('java', ['--version']),
  'java or javac is missing: install a JDK of version 17 or later (openjdk-17-jdk-headless)',
)
export const skipMono = skipUnless(
  runs('mcs', ['--version']) && runs('mono', ['--version']),
  'mono or mcs is missing: install mono-mcs, mono-runtime, libmono-system-core4.0-cil and libmono-system-numerics4.0-cil',
)

/** A part of a program, built: how it is started. */
export interface Built {
  /** The example as a client. */
  readonly client: ProgramCommand
  /** The example against the vectors, which prints a line for each case. */
  readonly vectors: ProgramCommand
}

const vectorsFolder = projectPath('test/vectors')

/** Python needs no building. */
export function pythonExample(): Built {
  const program = python ?? 'python3'
  const folder = projectPath('examples/python')
  const runner = projectPath('test/conformance/python/vectors.py')
  return {
    client: { name: 'Python', program, args: [join(folder, 'sealed.py')] },
    vectors: { name: 'Python', program, args: [runner, folder, vectorsFolder] },
  }
}

/** Compiles the Java example; the classes are removed after the test. */
export function javaExample(t: Test): Built {
  const folder = temporaryFolder(t)
  const sources = ['examples/java/Sealed.java', 'test/conformance/java/Vectors.java'].map(projectPath)
  compile('javac', ['-encoding', 'UTF-8', '-d', folder, ...sources])
  return {
    client: { name: 'Java', program: 'java', args: ['-cp', folder, 'Sealed'] },
    vectors: { name: 'Java', program: 'java', args: ['-cp', folder, 'Vectors', vectorsFolder] },
  }
}

/** Compiles the C# example, in the version of the language that Windows' own compiler takes; removed after the test. */
export function csharpExample(t: Test): Built {
  const folder = temporaryFolder(t)
  const [client, vectors] = ['Sealed.exe', 'Vectors.exe'].map((name) => join(folder, name)) as [string, string]
  const example = projectPath('examples/csharp/Sealed.cs')
  const options = ['-langversion:5', '-warn:4', '-warnaserror', '-r:System.Core.dll', '-r:System.Numerics.dll']
  compile('mcs', [...options, `-out:${client}`, example])
  const runner = projectPath('test/conformance/csharp/Vectors.cs')
  compile('mcs', [...options, '-main:Vectors', `-out:${vectors}`, example, runner])
  return {
    client: { name: 'C#', program: 'mono', args: [client] },
    vectors: { name: 'C#', program: 'mono', args: [vectors, vectorsFolder] },
  }
}

/** The text of a file of the project. */
export function projectText(path: string): string {
  return readFileSync(projectPath(path), 'utf8')
}

function compile(program: string, args: readonly string[]): void {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', timeout: 100_000 })
  if (status !== 0) throw new Error(`${program}: ${stdout}${stderr}`)
}

function temporaryFolder(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'parley-example-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
