/**
 * All settings: one schema from which come the types, defaults, errors, `--help` and the documentation.
 * The property `frameBytesMax` is the environment variable `PARLEY_FRAME_BYTES_MAX`; sizes and times are
 * plain numbers whose unit is the last word of the name.
 */
import { availableParallelism } from 'node:os'
import { charsets } from '../protocol/delimiters.ts'
import { limits } from './limits.ts'
import {
  byteValue,
  folder,
  historyKept,
  host,
  numbersOf,
  oneOf,
  onOrOff,
  optionalSecret,
  origins,
  setting,
  type ValuesOf,
  wholeNumber,
} from './setting.ts'

/** The levels of the log, from the most to the least. */
export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const

const port = wholeNumber({ min: 0, max: 65_535 })
/** The longest time that a timer of Node takes, rounded down to days. */
const timerMsMax = 86_400_000

/** The settings by property name, in the order in which people read them. */
export const settingsShape = {
  host: setting(host(), {
    group: 'Listening',
    about:
      'Address to listen on. `0.0.0.0` or `::` lets other machines in; sessions must then be sealed, unless that is switched off',
    defaultText: '127.0.0.1',
  }),
  port: setting(port, {
    group: 'Listening',
    about: 'TCP port of the framed protocol. 0 takes a free one',
    defaultText: '7700',
  }),
  wsPort: setting(port, {
    group: 'Listening',
    about: 'TCP port of the WebSocket. 0 takes a free one',
    defaultText: '7701',
  }),
  wsOrigins: setting(origins(), {
    group: 'Listening',
    about:
      'Web pages that may open a WebSocket, by origin. Empty: pages of the same host only, and those of this machine where the server listens on it alone. `*`: all',
    defaultText: '',
  }),
  minSecurity: setting(oneOf(['plain', 'sealed', 'signed']), {
    group: 'Security',
    about:
      'The least security that a session must have. `sealed`: encrypted, and the server shows who it is. `signed`: besides, messages to users must be signed',
    defaultText: 'plain',
    defaultRule: '`plain` where only this machine can connect, else `sealed`',
  }),
  insecure: setting(onOrOff(), {
    group: 'Security',
    about:
      'Lets `PARLEY_MIN_SECURITY` be `plain` where other machines can connect, and `signed` take plain sessions there: for a trusted network, or behind a program that ends TLS',
    defaultText: 'off',
  }),
  suites: setting(numbersOf([1, 2, 3]), {
    group: 'Security',
    about:
      'Suites of sealed sessions that are offered. 3 is for clients that can do no better, and has no forward secrecy',
    defaultText: '1,2',
  }),
  ticketTtlS: setting(wholeNumber({ min: 60, max: 2_592_000 }), {
    group: 'Security',
    about: 'Seconds for which a client can come back to a sealed session without the cost of a key exchange',
    defaultText: '86400',
  }),
  handshakesPerSecond: setting(wholeNumber({ min: 0, max: 1_000_000 }), {
    group: 'Security',
    about:
      'Sealed sessions that one address (IPv6: one /64 network) may begin a second; addresses of this machine are not counted. 0: no such limit',
    defaultText: '200',
  }),
  wechatToken: setting(optionalSecret(/^[A-Za-z0-9]{3,32}$/, '3–32 letters and digits'), {
    group: 'Security',
    about:
      'The token of the signatures of WeChat callbacks, for old clients; such a signature does not cover the message. Empty: they are refused',
    defaultText: '',
    secret: true,
  }),
  startByte: setting(byteValue(), {
    group: 'Frames',
    about: 'Byte before each frame: 0x00–0x1f but TAB, LF, CR, or one that the charset never uses',
    defaultText: '0x02',
  }),
  endByte: setting(byteValue(), {
    group: 'Frames',
    about: 'Byte after each frame; another one of the same',
    defaultText: '0x03',
  }),
  charset: setting(oneOf(charsets), {
    group: 'Frames',
    about: 'Charset of the TCP listener. `gb18030` also reads and writes GB2312 and GBK text',
    defaultText: 'utf-8',
  }),
  frameBytesMax: setting(wholeNumber({ min: 1024, max: limits.frameBytesCeiling.value }), {
    group: 'Frames',
    about: 'Longest body of a frame after login, in bytes; a longer one is skipped and answered with `frame_too_large`',
    defaultText: '1048576',
  }),
  authTimeoutMs: setting(wholeNumber({ min: 100, max: timerMsMax }), {
    group: 'Login',
    about: 'A connection without a well-formed AuthRequest for so long is closed',
    defaultText: '10000',
  }),
  loginWaitMs: setting(wholeNumber({ min: 1000, max: timerMsMax }), {
    group: 'Login',
    about: 'Longest wait for the check of a password; then the client is told `server_busy`',
    defaultText: '60000',
  }),
  loginQueueMax: setting(wholeNumber({ min: 1, max: 1_000_000 }), {
    group: 'Login',
    about: 'Logins that may wait for the check of their passwords; more are told `server_busy`',
    defaultText: '4096',
  }),
  argon2MemoryKib: setting(
    wholeNumber({ min: limits.argon2MemoryKibFloor.value, max: limits.argon2MemoryKibMax.value }),
    {
      group: 'Login',
      about: 'Memory that hashing a password costs, in KiB. Old hashes are renewed at the next login',
      defaultText: '19456',
    },
  ),
  argon2Passes: setting(wholeNumber({ min: limits.argon2PassesFloor.value, max: limits.argon2PassesMax.value }), {
    group: 'Login',
    about: 'Passes over that memory',
    defaultText: '2',
  }),
  tokenTtlS: setting(wholeNumber({ min: 60, max: 31_536_000 }), {
    group: 'Login',
    about: 'Seconds for which a token logs its user in again without the password',
    defaultText: '604800',
  }),
  selfRegistration: setting(onOrOff(), {
    group: 'Login',
    about: 'Whether a login with an unknown name makes an account. Leave it off where strangers can connect',
    defaultText: 'off',
  }),
  sessionPolicy: setting(oneOf(['replace', 'multi']), {
    group: 'Sessions',
    about: '`replace`: a new login ends the session that the user had. `multi`: all devices of a user get each message',
    defaultText: 'replace',
  }),
  userSessionsMax: setting(wholeNumber({ min: 1, max: 1024 }), {
    group: 'Sessions',
    about: 'Sessions of one user at once under the policy `multi`',
    defaultText: '16',
  }),
  heartbeatAfterMs: setting(wholeNumber({ min: 1000, max: timerMsMax }), {
    group: 'Sessions',
    about: 'Silence of a client after which the server asks whether it is there',
    defaultText: '25000',
  }),
  heartbeatTimeoutMs: setting(wholeNumber({ min: 1000, max: timerMsMax }), {
    group: 'Sessions',
    about: 'A client that has answered before and does not answer for so long is closed with `idle`',
    defaultText: '10000',
  }),
  history: setting(historyKept(), {
    group: 'History',
    about:
      'How much of each conversation is kept for both of its users: so many days, and so many messages at most. `off`: nothing more is; what was kept before stays in the store, and is not given out',
    defaultText: 'off',
  }),
  connectionsMax: setting(wholeNumber({ min: 0, max: limits.connectionsCeiling.value }), {
    group: 'Limits',
    about: 'Connections in all; never more than the limit on open files allows. 0: as many as that allows',
    defaultText: '0',
  }),
  addressConnectionsMax: setting(wholeNumber({ min: 0, max: limits.connectionsCeiling.value }), {
    group: 'Limits',
    about:
      'Connections from one address (IPv6: one /64 network); addresses of this machine are not counted. 0: no such limit',
    defaultText: '4096',
  }),
  userMessagesPerSecond: setting(wholeNumber({ min: 0, max: 10_000_000 }), {
    group: 'Limits',
    about: 'Messages that one user may send a second; more are answered with `rate_limited`. 0: no such limit',
    defaultText: '1000',
  }),
  outputBytesMax: setting(wholeNumber({ min: 65_536, max: 268_435_456 }), {
    group: 'Limits',
    about: 'Bytes that may wait for a client that reads slowly; above that it is closed with `slow_consumer`',
    defaultText: '1048576',
  }),
  ackWaitMs: setting(wholeNumber({ min: 100, max: 60_000 }), {
    group: 'Inboxes',
    about: 'Time that a receiver has to acknowledge a message; then it is stored, and its sender told so',
    defaultText: '2000',
  }),
  inboxMessagesMax: setting(wholeNumber({ min: 1, max: 1_000_000 }), {
    group: 'Inboxes',
    about: 'Messages that may be stored for one user',
    defaultText: '1000',
  }),
  inboxBytesMax: setting(wholeNumber({ min: 65_536, max: 1_073_741_824 }), {
    group: 'Inboxes',
    about: 'Bytes of messages that may be stored for one user',
    defaultText: '8388608',
  }),
  inboxPolicy: setting(oneOf(['reject', 'drop_oldest']), {
    group: 'Inboxes',
    about:
      'What happens to a message for a full inbox. `reject`: it is refused with `inbox_full`. `drop_oldest`: the oldest ones make room, and their senders are told',
    defaultText: 'reject',
  }),
  messageTtlS: setting(wholeNumber({ min: 60, max: 315_360_000 }), {
    group: 'Inboxes',
    about: 'Seconds for which a stored message is kept',
    defaultText: '2592000',
  }),
  deviceDays: setting(wholeNumber({ min: 1, max: 3650 }), {
    group: 'Inboxes',
    about: 'Days after which a device that was not seen is forgotten; messages do not wait for it any more',
    defaultText: '30',
  }),
  repeatsMax: setting(wholeNumber({ min: 10_000, max: 16_777_216 }), {
    group: 'Inboxes',
    about: 'Messages by whose `ClientMsgId` a repeat is recognised, of all users together; each takes some 50 bytes',
    defaultText: '1048576',
  }),
  poolMinThreads: setting(wholeNumber({ min: 1, max: 64 }), {
    group: 'Worker pool',
    about: 'Worker threads that are always there',
    defaultText: '1',
  }),
  poolMaxThreads: setting(wholeNumber({ min: 1, max: 64 }), {
    group: 'Worker pool',
    about: 'Worker threads at most',
    defaultText: String(poolThreadsDefault(availableParallelism())),
    defaultRule: 'number of cores, 2–16',
  }),
  poolMaxQueue: setting(wholeNumber({ min: 1, max: 1_000_000 }), {
    group: 'Worker pool',
    about: 'Tasks that may wait for a worker; above that clients are told `server_busy`',
    defaultText: '1024',
  }),
  poolIdleTimeoutMs: setting(wholeNumber({ min: 0, max: timerMsMax }), {
    group: 'Worker pool',
    about: 'A worker above the minimum without work for so long ends',
    defaultText: '30000',
  }),
  poolBatch: setting(wholeNumber({ min: 1, max: 4096 }), {
    group: 'Worker pool',
    about: 'Items that go to a worker as one task at most',
    defaultText: '64',
  }),
  poolTaskTimeoutMs: setting(wholeNumber({ min: 100, max: timerMsMax }), {
    group: 'Worker pool',
    about: 'A worker that has not done a task after so long is replaced',
    defaultText: '10000',
  }),
  acceptorThreads: setting(wholeNumber({ min: 0, max: 16 }), {
    group: 'Running',
    about:
      'Threads that read and write sockets. More than one needs Linux or FreeBSD and Node 22.12 or 23.1, where threads can share a port. 0: by the number of cores',
    defaultText: '0',
  }),
  dataDir: setting(folder(), {
    group: 'Running',
    about: 'Folder of the accounts and the control socket; made with access for its owner only',
    defaultText: './data',
  }),
  logLevel: setting(oneOf(logLevels), {
    group: 'Running',
    about: 'How much is logged. Can be changed while running, by SIGHUP',
    defaultText: 'info',
  }),
  drainTimeoutMs: setting(wholeNumber({ min: 100, max: 600_000 }), {
    group: 'Running',
    about: 'Time that stopping may take until what is left is cut',
    defaultText: '10000',
  }),
} as const

/** The resolved settings of a server. */
export type Settings = ValuesOf<typeof settingsShape>

/** A setting's property name. */
export type SettingName = keyof Settings

/** What can be changed by SIGHUP; the rest needs a restart. */
export const reloadableSettings: ReadonlySet<SettingName> = new Set<SettingName>(['logLevel'])

/** Threads of the pool where nobody said how many: one a core, at least 2 so that one that hangs does not stop all, at most 16. */
export function poolThreadsDefault(cores: number): number {
  return Math.min(16, Math.max(2, cores))
}
