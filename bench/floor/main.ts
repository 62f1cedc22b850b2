/**
 * The process of the floor server: `node build/bench/floor/main.js PORT`. It ends with the process that
 * started it, when there is a channel to that one, and on SIGTERM.
 */
import { startFloorServer } from './server.ts'

const server = await startFloorServer(Number(process.argv[2] ?? 0))
process.send?.({ port: server.port })
// process.exit, not the natural end: a CPU profile of this process is written on exit.
process.on('disconnect', () => process.exit(0))
process.on('SIGTERM', () => process.exit(0))
