/** Addresses as limits count them. */

/**
 * The key under which limits count an address: an IPv4 address as it is (also when it comes as IPv4 in IPv6),
 * an IPv6 address by its first 64 bits, since one customer commonly has them all.
 */
export function addressKey(address: string): string {
  const withoutZone = address.split('%', 1)[0] ?? ''
  const lastPart = withoutZone.slice(withoutZone.lastIndexOf(':') + 1)
  if (lastPart.includes('.')) return lastPart
  if (!withoutZone.includes(':')) return withoutZone
  const [head = '', tail] = withoutZone.split('::', 2)
  const groups = head === '' ? [] : head.split(':')
  if (tail !== undefined) {
    const tailGroups = tail === '' ? [] : tail.split(':')
    while (groups.length + tailGroups.length < 8) groups.push('0')
    groups.push(...tailGroups)
  }
  const network = groups.slice(0, 4).map((group) => group.replace(/^0+(?=.)/, '').toLowerCase())
  return `${network.join(':')}::/64`
}

/** Whether a key stands for this machine. Proxies and tunnels on it bring everyone's connections: they are not one peer. */
export function isLoopback(addressKey: string): boolean {
  return addressKey.startsWith('127.') || addressKey === '0:0:0:0::/64'
}
