/**
 * Every limit of the server that is fixed, with its unit and the reason. Those that can be set are in
 * `settings.ts`; the two together are what `docs/LIMITS.md` tells operators. Folders that may not look
 * in here are given the values by the composition.
 */
import { historyLimitMax } from '../protocol/entities/history.ts'
import { keyDirectoryPageMax } from '../protocol/entities/keys.ts'
import { banSecondsMax } from '../protocol/entities/operator.ts'
import { passwordLengthMax, passwordLengthMin } from '../protocol/entities/password.ts'
import { userListLimitMax } from '../protocol/entities/user-list.ts'
import { userIdCodePointsMax } from '../protocol/user-id.ts'

/** One fixed limit. */
export interface Limit {
  readonly value: number
  readonly unit: string
  /** Why it is there, and why it is that large. */
  readonly reason: string
}

const MEBIBYTE = 1024 * 1024

/** The fixed limits by name; the unit stands last in a name where it is a measure. */
export const limits = {
  // The wire.
  frameBytesCeiling: {
    value: 4 * MEBIBYTE,
    unit: 'bytes',
    reason:
      'what PARLEY_FRAME_BYTES_MAX can be at most: a frame is held whole, once per hop, and larger things are no messages',
  },
  frameBeforeLoginBytesMax: {
    value: 8192,
    unit: 'bytes',
    reason: 'a stranger needs one AuthRequest; what is longer would be memory given to anyone who can connect',
  },
  webSocketFragmentsMax: {
    value: 64,
    unit: 'fragments a message',
    reason:
      'each fragment costs an object; without the limit a message of one-byte fragments costs hundreds of times its bytes',
  },
  userIdCodePointsMax: {
    value: userIdCodePointsMax,
    unit: 'code points',
    reason: 'a name fits on a line, in a log and in an index of the store',
  },
  passwordLengthMin: {
    value: passwordLengthMin,
    unit: 'characters',
    reason: 'a shorter password can be guessed in spite of the delays after wrong ones',
  },
  passwordLengthMax: {
    value: passwordLengthMax,
    unit: 'characters',
    reason: 'a password is hashed as a whole before anything is known of the client',
  },
  userListLimitMax: {
    value: userListLimitMax,
    unit: 'users a page',
    reason: 'one answer stays far below the frame limit; more come page by page',
  },
  banSecondsMax: {
    value: banSecondsMax,
    unit: 'seconds',
    reason: 'ten years; disable an account that must never come back',
  },
  // Sealed sessions.
  keyExchangesWaitingMax: {
    value: 4096,
    unit: 'handshakes',
    reason:
      'wait for a worker at most: about three seconds of one core. More are told server_busy before they cost anything',
  },
  handshakeKeyDays: {
    value: 30,
    unit: 'days',
    reason: 'for which the identity signs a handshake key; clients refuse one that is signed for more than 31',
  },
  handshakeKeyRenewDays: {
    value: 15,
    unit: 'days',
    reason:
      'after which a handshake key gets a successor: long before its end, so that a clock that is wrong does no harm',
  },
  handshakeKeyGraceHours: {
    value: 24,
    unit: 'hours',
    reason: 'for which a handshake that was begun with the key before is still answered',
  },
  ticketKeyHours: {
    value: 24,
    unit: 'hours',
    reason:
      'after which tickets are made under a new key; an old one opens tickets until the last one under it is over',
  },
  keyRenewalCheckMs: {
    value: 600_000,
    unit: 'milliseconds',
    reason: 'between two looks at whether a key of the server is due for renewal',
  },
  // Connections.
  connectionsCeiling: {
    value: 100_000,
    unit: 'connections',
    reason: 'the most that one process is designed for',
  },
  descriptorReserve: {
    value: 128,
    unit: 'file descriptors',
    reason:
      'kept back from connections for the store, the logs and the control socket: when descriptors run out, connections are lost without a sign',
  },
  refusingConnectionsMax: {
    value: 32,
    unit: 'connections',
    reason: 'above the limit so many are being told why at once; they live on the reserve of descriptors',
  },
  lingerMs: {
    value: 2000,
    unit: 'milliseconds',
    reason: 'time for a peer to take the reason of its end; whoever does not read must not hold a descriptor longer',
  },
  unreadBytesMax: {
    value: 8192,
    unit: 'bytes',
    reason: 'what a client may send ahead while its login is checked, besides one read of the socket (64 KiB)',
  },
  noiseBytesMax: {
    value: MEBIBYTE,
    unit: 'bytes a connection',
    reason: 'bytes outside frames are skipped and answered; a peer that sends nothing else speaks another protocol',
  },
  faultsBeforeLoginMax: {
    value: 20,
    unit: 'frames a connection',
    reason: 'each is answered; after so many the peer speaks another protocol or is testing the server',
  },
  ringBytesMin: {
    value: 8 * MEBIBYTE,
    unit: 'bytes',
    reason:
      'the mailbox from an acceptor to the router, and half of the one back: some milliseconds of full load, so that a thread that waits for its turn does not stop the other',
  },
  pendingReceiptsMax: {
    value: 262_144,
    unit: 'messages',
    reason: 'messages whose sender waits to hear that they were written; more are answered server_busy',
  },
  pendingLookupsMax: {
    value: 16_384,
    unit: 'messages',
    reason: 'messages to absent users whose sender waits to hear whether there is such a user',
  },
  accountsRememberedMax: {
    value: 16_384,
    unit: 'accounts',
    reason:
      'those whose login by token needs no look-up in the store: 4 MiB or so, 50 MiB at most when they have keys; the one that logged in longest ago goes first',
  },
  presenceBatchMax: {
    value: 4096,
    unit: 'events a turn',
    reason: 'presence is told every 100 ms; when everyone comes back at once it must not fill the mailbox',
  },
  // Inboxes.
  windowBytesMax: {
    value: MEBIBYTE,
    unit: 'bytes a user',
    reason:
      'messages that wait for their acknowledgement in memory; more go to the disk at once, as for one who is away',
  },
  windowsBytesMax: {
    value: 128 * MEBIBYTE,
    unit: 'bytes',
    reason: 'the same for all users together',
  },
  storingBytesMax: {
    value: 32 * MEBIBYTE,
    unit: 'bytes',
    reason:
      'messages on their way to the disk: what a slow disk writes in about a second; more are answered server_busy',
  },
  inboxReadBytesMax: {
    value: 262_144,
    unit: 'bytes',
    reason:
      'stored messages are read and written to a client in pieces of that size, each when the one before has left',
  },
  inboxRetryMs: {
    value: 500,
    unit: 'milliseconds',
    reason: 'the store is asked again after it could not read',
  },
  idleRecipientsMax: {
    value: 10_000,
    unit: 'users',
    reason: 'absent users of whom it is remembered that they exist, so that a message to them costs no look-up',
  },
  storeRestartsMax: {
    value: 5,
    unit: 'threads in a row',
    reason: 'a storage thread that dies is replaced; one that dies again and again ends the process',
  },
  expiryLookMs: {
    value: 10_000,
    unit: 'milliseconds',
    reason: 'so often it is looked for stored messages whose time is over, and for devices to be forgotten',
  },
  expiryLookSegments: {
    value: 10_000,
    unit: 'segments',
    reason: 'one look takes a millisecond or so, during which nothing is stored',
  },
  // Login.
  loginAttemptsMax: {
    value: 10,
    unit: 'failed logins a connection',
    reason: 'guessing costs a new connection each time, which is counted by address',
  },
  passwordChecksAtOnce: {
    value: 2,
    unit: 'checks',
    reason: 'each holds PARLEY_ARGON2_MEMORY_KIB of memory and a core while it runs',
  },
  loginDelayMsMax: {
    value: 5000,
    unit: 'milliseconds',
    reason: 'wrong passwords slow an account and an address down, and never lock anybody out',
  },
  argon2MemoryKibFloor: {
    value: 19_456,
    unit: 'KiB',
    reason: 'the least memory that OWASP names for argon2id with two passes (Password Storage Cheat Sheet)',
  },
  argon2PassesFloor: { value: 2, unit: 'passes', reason: 'goes with the floor of the memory, from the same source' },
  argon2MemoryKibMax: {
    value: 262_144,
    unit: 'KiB',
    reason: 'a hash says itself what its check costs; one that was imported must not be able to take all memory',
  },
  argon2PassesMax: { value: 32, unit: 'passes', reason: 'the same for the time of a check' },
  argon2WorkKibMax: {
    value: 1_048_576,
    unit: 'KiB × passes',
    reason: 'what the time of a check follows: about half a second at the most',
  },
  // Inboxes. The storage thread has these from its own files.
  inboxSegmentsMax: {
    value: 4_000_000,
    unit: 'segments',
    reason: 'what is stored for all users together; each takes some 200 bytes of memory',
  },
  inboxSegmentBytesMax: {
    value: 262_144,
    unit: 'bytes',
    reason:
      'messages for one receiver in one commit are stored as one piece up to here, so that reading a part stays cheap',
  },
  devicesPerUserMax: {
    value: 32,
    unit: 'devices a user',
    reason: 'messages wait for each; for one more, the one that was away longest is forgotten',
  },
  spaceReserveBytes: {
    value: 8 * MEBIBYTE,
    unit: 'bytes of disk',
    reason: 'given up when the disk is full, so that acknowledging and removing go on; twice what the journal grows to',
  },
  clockToleranceMs: {
    value: 3_600_000,
    unit: 'milliseconds',
    reason: 'how far a clock that jumps forward is followed before messages expire by it',
  },
  // The history. The storage thread has the first two from its own files.
  historyRowBytesMax: {
    value: 262_144,
    unit: 'bytes',
    reason:
      'messages of one conversation in one commit are kept as one piece up to here, so that reading a part stays cheap',
  },
  conversationsRememberedMax: {
    value: 8192,
    unit: 'conversations',
    reason: 'whose end the storage thread knows without looking, 4 MiB or so; the one used longest ago goes first',
  },
  historyLimitMax: {
    value: historyLimitMax,
    unit: 'messages a page',
    reason: 'one answer is gathered in a millisecond or so; more come page by page',
  },
  historyRequestsMax: {
    value: 16,
    unit: 'requests a session',
    reason: 'requests about the history that are under way: each costs the storage thread up to a millisecond',
  },
  receiptAskersMax: {
    value: 100_000,
    unit: 'users',
    reason:
      'of whom it is remembered that they want receipts, also while they are away and after a restart; the one that asked longest ago goes first',
  },
  toldReadMax: {
    value: 100_000,
    unit: 'pairs of users',
    reason:
      'of whom it is remembered, where no history is kept, up to where one was told that the other has read; beyond that, and after a restart, it may be told again',
  },
  historyWaitingBytesMax: {
    value: 16 * MEBIBYTE,
    unit: 'bytes',
    reason:
      'messages on their way to the history; where a slow or full disk lets more come together, those are left out of it',
  },
  historyLookMs: {
    value: 60_000,
    unit: 'milliseconds',
    reason: 'so often it is looked for messages of the past whose time or count is over',
  },
  historyLookRows: {
    value: 256,
    unit: 'rows',
    reason: 'removed in one go: some milliseconds, during which nothing is stored',
  },
  traceRuns: {
    value: 65_536,
    unit: 'runs of messages',
    reason: 'whose steps are remembered to explain what became of a message, 5 MiB; older ones are forgotten',
  },
  // Keys of users and signatures.
  userKeysMax: {
    value: 16,
    unit: 'keys a user',
    reason: 'devices that one person has at once; an end-to-end message has an entry for each',
  },
  userKeysEverMax: {
    value: 256,
    unit: 'keys a user',
    reason: 'revoked ones are never forgotten, or they could come back; so a user can not fill the disk with them',
  },
  pendingKeysPerUserMax: {
    value: 4,
    unit: 'keys a user',
    reason: 'keys that wait for approval are kept in memory; a person approves them one by one',
  },
  pendingKeysMax: {
    value: 4096,
    unit: 'keys',
    reason: 'the same for all users together, 4 MiB or so',
  },
  pendingKeyTtlMs: {
    value: 3_600_000,
    unit: 'milliseconds',
    reason: 'an hour to walk to the other device; the client asks again after that',
  },
  keyRequestsMax: {
    value: 16,
    unit: 'requests a session',
    reason: 'requests about keys that are under way: each costs a check in the pool or a page from the store',
  },
  unverifiedBytesMax: {
    value: 524_288,
    unit: 'bytes a session',
    reason:
      'messages whose signatures are being checked, and those behind them; beyond that the session is not read, some 0.1 s of work of the pool',
  },
  heldBytesMax: {
    value: 64 * MEBIBYTE,
    unit: 'bytes',
    reason: 'the same for all sessions together: more is answered server_busy',
  },
  replayIdsMax: {
    value: 262_144,
    unit: 'messages',
    reason:
      'signed messages of the last 10 minutes, 64 MiB at most; where room is missing the oldest leave and nothing as old is accepted any more',
  },
  replayUserIdsMax: {
    value: 65_536,
    unit: 'messages a user',
    reason: 'the same for one user: more than two seconds of the fastest that one sends',
  },
  keyDirectoryPageMax: {
    value: keyDirectoryPageMax,
    unit: 'entries a page',
    reason: 'one answer stays far below the frame limit; more come page by page',
  },
  // The control socket and the command line.
  controlLineBytesMax: {
    value: 16 * MEBIBYTE,
    unit: 'bytes',
    reason:
      'one request or answer of the control socket: room for a text of the largest frame with every character escaped',
  },
  controlConnectionsMax: {
    value: 32,
    unit: 'connections',
    reason: 'commands of the operator run one or a few at a time; it must not use up the reserve of descriptors',
  },
  controlIdleMs: {
    value: 60_000,
    unit: 'milliseconds',
    reason: 'a command that was stopped half-way must not hold a connection for ever',
  },
  controlCallTimeoutMs: {
    value: 30_000,
    unit: 'milliseconds',
    reason: 'a command that waits for a server that hangs says so instead of waiting for ever',
  },
  importBatchAccounts: {
    value: 500,
    unit: 'accounts',
    reason: 'an import goes to the store in parts, so that logins get their turn in between',
  },
  importFaultsShown: {
    value: 100,
    unit: 'lines',
    reason: 'a file of the wrong kind has a fault in every line; the rest is counted',
  },
  importBytesMax: {
    value: 256 * MEBIBYTE,
    unit: 'bytes',
    reason: 'an import is checked as a whole before anything is stored, so it is held in memory',
  },
  secretFileBytesMax: {
    value: 65_536,
    unit: 'bytes',
    reason: 'a file named by a setting that ends in _FILE holds one secret, not a device that never ends',
  },
} as const satisfies Record<string, Limit>
