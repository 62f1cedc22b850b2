/** Which web pages may open a WebSocket to this server. Pure. */

const loopbackNames: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]'])

/**
 * Decides on the `Origin` of an upgrade request. A client that is no browser sends none and may come; a page
 * may come when its origin is listed, when the list is `*`, or, with an empty list, when it was loaded from
 * the host that it calls (any port), or from loopback while the server listens on loopback.
 */
export function isOriginAllowed(request: {
  readonly origin: string | undefined
  readonly hostHeader: string | undefined
  readonly listenHost: string
  readonly origins: readonly string[]
}): boolean {
  const { origin, origins } = request
  if (origin === undefined || origins.includes('*')) return true
  if (origins.length > 0) return origins.includes(origin)
  const page = hostNameOf(origin)
  if (page === undefined) return false
  // On loopback only its own names: a name of somebody else's may be made to point here (DNS rebinding).
  if (isLoopbackHost(request.listenHost)) return loopbackNames.has(page)
  return request.hostHeader !== undefined && page === hostNameOf(`http://${request.hostHeader}`)
}

function hostNameOf(url: string): string | undefined {
  try {
    return new URL(url).hostname.toLowerCase()
  } catch {
    return undefined
  }
}

function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.')
}
