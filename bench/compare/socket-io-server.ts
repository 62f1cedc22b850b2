/**
 * The process of the Socket.IO server: `node build/bench/compare/socket-io-server.js PORT ACCOUNTS [CERTIFICATE]`. Users
 * log in by the handshake's `auth`; each one's messages go to a room of its name. The options are those that its
 * documentation names for speed and memory: https://socket.io/docs/v4/performance-tuning/, https://socket.io/docs/v4/memory-usage/.
 */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { Server } from 'socket.io'

interface Handshake {
  readonly userId?: unknown
  readonly password?: unknown
}

const [port, accountsFile, certificateFile] = process.argv.slice(2)
const accounts = new Map(Object.entries(JSON.parse(readFileSync(accountsFile ?? '', 'utf8')) as Record<string, string>))
const pem = certificateFile === undefined ? undefined : readFileSync(certificateFile)
const http = pem === undefined ? createServer() : createSecureServer({ cert: pem, key: pem })
const server = new Server(http, { transports: ['websocket'], perMessageDeflate: false, serveClient: false })

server.engine.on('connection', (connection: { request: unknown }) => {
  connection.request = null
})
server.use((socket, next) => {
  const { userId, password } = socket.handshake.auth as Handshake
  if (typeof userId === 'string' && password !== undefined && accounts.get(userId) === password) {
    socket.data = userId
    next()
  } else {
    next(new Error('auth_failed'))
  }
})
server.on('connection', (socket) => {
  void socket.join(String(socket.data))
  socket.on('text', (toUserId: string, text: string) => {
    server.to(toUserId).emit('text', text)
  })
  socket.on('broadcast', (text: string) => {
    socket.broadcast.emit('text', text)
  })
})
http.listen({ host: '127.0.0.1', port: Number(port), backlog: 1024 })
process.on('SIGTERM', () => process.exit(0))
