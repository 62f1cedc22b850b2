/**
 * Rules about the source that keep the cryptography sound. They look at text, not at types: each says below exactly what it finds, and
 * what it can't. Comments are taken out first; strings are not.
 */

/** A file of source text. */
export interface SourceText {
  /** From the root, with slashes. */
  readonly path: string
  readonly text: string
}

/** A rule: what it wants, where, and what of a file's code breaks it. */
export interface SourceRule {
  readonly name: string
  /** Whether a file is looked at. */
  readonly covers: (path: string) => boolean
  /** The pieces of code that break the rule. */
  readonly find: (code: string, path: string) => string[]
}

/** What breaks a rule in a file. */
export function violations(rule: SourceRule, { path, text }: SourceText): string[] {
  return rule.covers(path) ? rule.find(withoutComments(path, text), path) : []
}

/** The one place with the padding of RS256, which is a signature. */
const paddingFile = 'src/security/rsa-signature.ts'
/** Where OAEP with SHA-1 has its name: suite 3. */
const sha1Files = ['src/security/suites.ts', 'src/security/suite3.ts']

const isScript = (path: string): boolean => /\.(ts|js|mjs|html)$/.test(path)
const isTypeScript = (path: string): boolean => path.endsWith('.ts')

/** All rules. */
export const sourceRules: readonly SourceRule[] = [
  {
    // Finds: RSA_PKCS1_PADDING anywhere but in the file of signatures; a call of publicEncrypt or privateDecrypt that does not
    // name RSA_PKCS1_OAEP_PADDING in the call itself (Node's default, or a variable); WebCrypto has none. In Java, C# and Python
    // the ways to ask for it, where in C# and Python the padding of signatures has the same name and is let through in calls that sign or verify.
    name: 'no PKCS#1 v1.5 encryption',
    covers: () => true,
    find: (code, path) => [
      ...(path === paddingFile ? [] : all(code, /\bRSA_PKCS1_PADDING\b/g)),
      ...calls(code, /\b(publicEncrypt|privateDecrypt)\s*\(/g).filter(
        (call) => !call.includes('RSA_PKCS1_OAEP_PADDING'),
      ),
      ...all(code, /RSA\/ECB\/PKCS1Padding|getInstance\(\s*"RSA"\s*\)(?<=Cipher\.getInstance\(\s*"RSA"\s*\))/g),
      ...all(code, /RSAEncryptionPadding\.Pkcs1|RSAPKCS1KeyExchange\w+/g),
      ...calls(code, /\.(Encrypt|Decrypt)\s*\(/g).filter((call) => /,\s*false\s*\)$/.test(call)),
      ...calls(code, /\.(encrypt|decrypt)\s*\(/g).filter((call) => call.includes('PKCS1v15')),
    ],
  },
  {
    // Finds: the two names, also in an import or behind a dot.
    name: 'no encryption with one’s own private key',
    covers: () => true,
    find: (code) => all(code, /\b(privateEncrypt|publicDecrypt)\b/g),
  },
  {
    // Finds: createCipheriv and createDecipheriv whose first argument is not a literal, or is a literal of an authenticated mode
    // while the call does not name authTagLength; setAuthTag in a file that names no authTagLength. Not: a wrong value of it.
    name: 'no authenticated cipher without the length of its tag',
    covers: isScript,
    find: (code) => [
      ...calls(code, /\bcreate(Decipher|Cipher)iv\s*\(/g).filter((call) => {
        const algorithm = /^\w+\s*\(\s*(['"])([^'"]+)\1/.exec(call)?.[2]
        if (algorithm === undefined) return true
        // Options that every record shares are a constant with a name.
        const named = all(code, /(?<=\bconst )\w+(?= = \{ authTagLength: )/g)
        const hasLength = /\bauthTagLength\b/.test(call) || named.some((name) => new RegExp(`, ${name}\\)`).test(call))
        return /gcm|ccm|ocb|poly1305/i.test(algorithm) && !hasLength
      }),
      ...(code.includes('authTagLength') ? [] : all(code, /\bsetAuthTag\b/g)),
      ...all(code, /\bcreate(Decipher|Cipher)\s*\(/g),
    ],
  },
  {
    // Finds: a use of PSS in Node whose object literal does not say saltLength, a saltLength that is not 32 (a name must be a constant of the
    // same file); in WebCrypto an RSA-PSS literal with another; in Java and Python parameters without 32; in Python the longest salt.
    name: 'every RSA-PSS has 32 bytes of salt',
    covers: () => true,
    find: (code) => [
      ...literals(code, /\bRSA_PKCS1_PSS_PADDING\b/g).filter((literal) => !/\bsaltLength\b/.test(literal)),
      ...all(code, /\bsaltLength\s*[:=](?!\s*(32\b|number\b|saltLength\b))\s*[^,;}\n]*/g),
      ...(/\bsaltLength\s*(,|\})/.test(code) && !/\bsaltLength\s*=\s*32\b/.test(code)
        ? ['saltLength is not 32 here']
        : []),
      ...calls(code, /\bsubtle\.(sign|verify)\s*\(/g).filter(
        (call) => call.includes('RSA-PSS') && !/saltLength/.test(call),
      ),
      ...calls(code, /\bnew PSSParameterSpec\s*\(/g).filter((call) => !/,\s*32\s*,/.test(call)),
      ...calls(code, /\bpadding\.PSS\s*\(/g).filter((call) => !/(,|salt_length\s*=)\s*32\s*,?\s*\)$/.test(call)),
    ],
  },
  {
    // Finds: a use of OAEP in Node whose object literal does not say oaepHash; SHA-1 as its hash outside suite 3; in Java a
    // parameter spec without MGF1 with SHA-256 and an OAEP cipher in a file without one; in Python OAEP without SHA256 twice.
    name: 'every RSA-OAEP says its hash',
    covers: () => true,
    find: (code, path) => [
      ...literals(code, /\bRSA_PKCS1_OAEP_PADDING\b/g).filter((literal) => !/\boaepHash\b/.test(literal)),
      ...(sha1Files.includes(path) ? [] : all(code, /\boaepHash\s*:\s*['"]sha-?1['"]/gi)),
      ...calls(code, /\bnew OAEPParameterSpec\s*\(/g).filter((call) => !call.includes('MGF1ParameterSpec.SHA256')),
      ...(code.includes('OAEPParameterSpec') ? [] : all(code, /RSA\/ECB\/OAEP[\w-]*Padding/g)),
      ...calls(code, /\bpadding\.OAEP\s*\(/g).filter((call) => (call.match(/SHA256/g) ?? []).length < 2),
    ],
  },
  {
    // Finds: Math.random and pseudoRandomBytes in src/security and examples; the weak generators of Java, C# and Python there.
    name: 'no weak random numbers',
    covers: (path) => /^(src\/security|examples)\//.test(path),
    find: (code, path) => [
      ...all(code, /\bMath\.random\b|\bpseudoRandomBytes\b/g),
      ...all(code, /\bjava\.util\.Random\b|\bnew Random\s*\(|\bThreadLocalRandom\b/g),
      ...(path.endsWith('.py') ? all(code, /^\s*(import|from) random\b/gm) : []),
    ],
  },
  {
    // Finds: == or != between values of which one is named as a MAC, a tag or a secret (its last name is or ends in mac, hmac, tag, secret;
    // not their length, nor a comparison with undefined, null, '' or a typeof), also `digest('…') ===`; .equals, .compare and Buffer.compare on such
    // a name in a file that does not use Secret, whose equals is the right one. Not: a MAC under any other name.
    name: 'MACs, tags and secrets are compared in constant time',
    covers: (path) => isScript(path),
    find: (code) => [
      ...[...code.matchAll(comparison)].filter(isSecretComparison).map(([found]) => found),
      ...all(code, /\.digest\([^)]*\)\s*[!=]==?/g),
      ...(/\bSecret\b/.test(code) ? [] : all(code, /\b\w*(mac|tag|secret)\.(equals|compare)\s*\(/gi)),
      ...(/\bSecret\b/.test(code) ? [] : all(code, /\.(equals|compare)\s*\(\s*[\w.]*(mac|tag|secret)\s*[,)]/gi)),
    ],
  },
  {
    // Finds, in src/security: a member, variable or parameter that is declared as bytes or text (Uint8Array, Buffer, string) and whose name says
    // that it is a secret key. Not: what has no type of its own, another name, or sits in an array; local bytes for one call to node:crypto are fine.
    name: 'secrets are in a type of their own',
    covers: (path) => path.startsWith('src/security/') && isTypeScript(path),
    find: (code, path) =>
      all(code, secretDeclaration).filter(
        (found) => !rawSecrets.some((raw) => raw.path === path && found.startsWith(raw.name)),
      ),
  },
]

/** Secrets of src/security that are raw bytes or text where they are declared, and why. */
export const rawSecrets: readonly { readonly path: string; readonly name: string; readonly because: string }[] = [
  {
    path: 'src/security/record-ciphers.ts',
    name: 'ivKey',
    because: 'the one step below Secret: bytes for node:crypto, for each record',
  },
  {
    path: 'src/security/tickets.ts',
    name: 'resumptionSecret',
    because: 'text in the JSON that is encrypted into a ticket, and nowhere else',
  },
]

const secretName = String.raw`\w*(?:[sS]ecret|[sS]igningKey|[mM]acKey|[rR]ecordKey|[iI]vKey|[fF]inishKey|[tT]icketKey|[tT]okenKey)`
const secretDeclaration = new RegExp(String.raw`\b${secretName}\??\s*:\s*(?:Uint8Array|Buffer|string)\b`, 'g')
const operand = String.raw`[\w.?()[\]]+|'[^']*'|"[^"]*"`
const comparison = new RegExp(String.raw`(typeof\s+)?(${operand})\s*[!=]==?\s*(${operand})`, 'g')
const namedAsSecret = /(^|[.\w])(mac|hmac|tag|secret)$/i
const harmless = /^(undefined|null|''|""|'(string|object|function)')$/

/** The tag of a receiver is a part of every name of a message: nothing that anybody must not know. */
const publicTag = /^receiverTag\b/

function isSecretComparison([, type, ...operands]: RegExpMatchArray): boolean {
  const bare = operands.map((text) => text.replace(/^\(+|\)+$/g, ''))
  return (
    type === undefined &&
    !bare.some((text) => harmless.test(text) || publicTag.test(text)) &&
    bare.some((text) => namedAsSecret.test(text))
  )
}

function all(code: string, pattern: RegExp): string[] {
  return Array.from(code.matchAll(pattern), ([found]) => found.trim())
}

/** Calls from their name to the bracket that closes them. */
function calls(code: string, opening: RegExp): string[] {
  return Array.from(code.matchAll(opening), ({ 0: found, index }) => {
    let depth = 1
    let end = index + found.length
    for (; end < code.length && depth > 0; end++) {
      if (code[end] === '(') depth++
      else if (code[end] === ')') depth--
    }
    return code.slice(index, end)
  })
}

/** The innermost object literals around what is found; where there is none, what is found alone. */
function literals(code: string, pattern: RegExp): string[] {
  return Array.from(code.matchAll(pattern), ({ 0: found, index }) => {
    const start = code.lastIndexOf('{', index)
    const end = code.indexOf('}', index)
    if (start < code.lastIndexOf('}', index) || end < 0) return found
    return code.slice(start, end + 1)
  })
}

/** Good enough for this code: comment signs inside strings only after a colon, as in addresses. */
function withoutComments(path: string, text: string): string {
  if (path.endsWith('.py')) return text.replace(/^\s*#.*$/gm, '')
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|[^:'"`\\])\/\/.*$/gm, '$1')
}
