import { mkdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { CommitWitness, witnessSuffix } from '../../src/store/commit-witness.ts'

t.test('it remembers the last number', async (t) => {
  const path = join(t.testdir(), 'parley.db')
  const first = new CommitWitness(path)
  t.equal(first.found, undefined)
  first.note(7)
  first.note(1234)
  first.close()
  const second = new CommitWitness(path)
  t.equal(second.found, 1234)
  second.close()
  t.equal(CommitWitness.read(path), 1234)
  t.equal(statSync(path + witnessSuffix).mode & 0o077, 0)
})

t.test('what it can not read it does not know, and what it can not write harms nobody', async (t) => {
  const folder = t.testdir()
  const path = join(folder, 'parley.db')
  t.equal(CommitWitness.read(path), undefined)
  writeFileSync(path + witnessSuffix, '12\n')
  t.equal(CommitWitness.read(path), undefined)
  writeFileSync(path + witnessSuffix, '00000000000x1234\n')
  t.equal(CommitWitness.read(path), undefined)
  const other = join(folder, 'other.db')
  mkdirSync(other + witnessSuffix)
  const witness = new CommitWitness(other)
  witness.note(1)
  witness.close()
  t.equal(witness.found, undefined)
})
