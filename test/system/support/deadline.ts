/** Waiting with a deadline: a test that hangs says for what it waited. */

/** Time that anything in a test may take, unless it says otherwise: far more than it needs on a busy machine. */
export const usualMs = 15_000

/** The outcome of `work`, or an error that names what did not happen. */
export async function within<Result>(work: Promise<Result>, what: string, ms: number = usualMs): Promise<Result> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not within ${ms} ms`)), ms)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Looks again and again until the condition holds: for what gives no event. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  ms: number = usualMs,
): Promise<void> {
  const deadline = performance.now() + ms
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`${what}: not within ${ms} ms`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
