/** Who listens to what: handlers by the name of an event. */

/** A handler of anything; the typed door is `Client.on`. */
export type Listener = (...values: never[]) => unknown

/** See the head of the file. */
export class Listeners {
  readonly #byName = new Map<string, Set<Listener>>()
  readonly #failed: (error: unknown, name: string) => void

  /** @param failed is given what a handler throws, or what its promise is rejected with, and the event's name */
  constructor(failed: (error: unknown, name: string) => void) {
    this.#failed = failed
  }

  /** Adds a handler; the function that it returns removes it again. */
  add(name: string, listener: Listener): () => void {
    let set = this.#byName.get(name)
    if (set === undefined) {
      set = new Set()
      this.#byName.set(name, set)
    }
    set.add(listener)
    return () => {
      set.delete(listener)
      if (set.size === 0 && this.#byName.get(name) === set) this.#byName.delete(name)
    }
  }

  /** Whether anybody listens. */
  has(name: string): boolean {
    return this.#byName.has(name)
  }

  /** Calls the handlers in the order in which they were added. One that throws does not keep the others from it. */
  emit(name: string, ...values: unknown[]): void {
    void this.deliver(name, ...values)
  }

  /** Does the same; gives a promise where handlers gave some, which resolves when they are all settled. */
  deliver(name: string, ...values: unknown[]): Promise<void> | undefined {
    const set = this.#byName.get(name)
    if (set === undefined) return undefined
    let under: Promise<void>[] | undefined
    for (const listener of [...set]) {
      const end = this.call(name, listener, ...values)
      if (end !== undefined) {
        under ??= []
        under.push(end)
      }
    }
    return under && Promise.all(under).then(() => {})
  }

  /** The same with one handler. */
  call(name: string, listener: Listener, ...values: unknown[]): Promise<void> | undefined {
    try {
      const result: unknown = (listener as (...values: unknown[]) => unknown)(...values)
      if (!(result instanceof Promise)) return undefined
      return result.then(
        () => {},
        (error: unknown) => this.#failed(error, name),
      )
    } catch (error) {
      this.#failed(error, name)
      return undefined
    }
  }
}
