/** The life of a server process: what signals do to it, and how it ends. One state, moved one way. */
import type { ExitCode } from './cli-error.ts'

/** What the server process hears. */
export type LifeEvent =
  | { readonly kind: 'started' }
  /** SIGTERM, SIGINT, or the terminal is gone. */
  | { readonly kind: 'stop' }
  /** SIGHUP. */
  | { readonly kind: 'reload' }
  | { readonly kind: 'drained' }
  | { readonly kind: 'failed' }
  /** Draining took longer than it may. */
  | { readonly kind: 'deadline' }

/** Where the process is in its life. */
export type LifeState = 'starting' | 'stoppingAtStart' | 'running' | 'draining' | 'ended'

/** What is to be done about an event. */
export type LifeEffect =
  | { readonly kind: 'drain' }
  | { readonly kind: 'reload' }
  | { readonly kind: 'exit'; readonly code: ExitCode }

/** The next state, and what to do. A first stop drains, a second one exits at once. */
export function stepLife(state: LifeState, event: LifeEvent): { state: LifeState; effects: readonly LifeEffect[] } {
  if (state === 'ended') return { state, effects: [] }
  switch (event.kind) {
    case 'started':
      return state === 'stoppingAtStart'
        ? { state: 'draining', effects: [{ kind: 'drain' }] }
        : { state: 'running', effects: [] }
    case 'stop':
      // What is being started can't be stopped half-way; it drains as soon as it runs.
      if (state === 'starting') return { state: 'stoppingAtStart', effects: [] }
      return state === 'running' ? { state: 'draining', effects: [{ kind: 'drain' }] } : exit(1)
    case 'reload':
      return { state, effects: state === 'running' ? [{ kind: 'reload' }] : [] }
    case 'drained':
      return exit(0)
    case 'failed':
    case 'deadline':
      return exit(1)
  }
}

function exit(code: ExitCode): { state: LifeState; effects: readonly LifeEffect[] } {
  return { state: 'ended', effects: [{ kind: 'exit', code }] }
}
