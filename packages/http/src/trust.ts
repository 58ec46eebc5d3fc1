/** Whose trace headers and deadlines are believed: decided by the address of the peer that holds the connection. */
import { BlockList, isIP } from 'node:net'

/**
 * `'private'`: loopback, private and link-local ranges; `'all'`; `'none'`; or a list of addresses and CIDR ranges.
 * An ingress in a trusted range vouches for what it forwards.
 */
export type Trust = 'private' | 'all' | 'none' | readonly string[]

const PRIVATE = [
  '127.0.0.0/8',
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '169.254.0.0/16',
  '::1/128',
  'fc00::/7',
  'fe80::/10',
]
/** Verdicts kept; the set starts over when full, so that a scan cannot grow it. */
const MAX_REMEMBERED = 1000

/** Returns the predicate for peer addresses. @throws TypeError for an entry that is neither an address nor a CIDR range. */
export function createTrust(trust: Trust = 'private'): (address: string | undefined) => boolean {
  if (trust === 'all') return () => true
  if (trust === 'none') return () => false
  const ranges = createRanges(trust === 'private' ? PRIVATE : trust)
  const verdicts = new Map<string, boolean>()
  return (address) => {
    if (address === undefined) return false
    const known = verdicts.get(address)
    if (known !== undefined) return known
    if (verdicts.size >= MAX_REMEMBERED) verdicts.clear()
    const verdict = includes(ranges, address)
    verdicts.set(address, verdict)
    return verdict
  }
}

function includes(ranges: BlockList, address: string): boolean {
  const plain = address.startsWith('::ffff:') && isIP(address.slice(7)) === 4 ? address.slice(7) : address
  const family = isIP(plain)
  return family !== 0 && ranges.check(plain, family === 6 ? 'ipv6' : 'ipv4')
}

function createRanges(entries: readonly string[]): BlockList {
  const ranges = new BlockList()
  for (const entry of entries) {
    const [address = '', prefix, ...rest] = entry.split('/')
    const family = isIP(address)
    const bits = prefix === undefined ? (family === 6 ? 128 : 32) : Number(prefix)
    if (family === 0 || rest.length > 0 || !Number.isInteger(bits) || bits < 0 || bits > (family === 6 ? 128 : 32)) {
      throw new TypeError(
        `Cannot trust ${JSON.stringify(entry)}: expected an IP address or a CIDR range such as 10.0.0.0/8`,
      )
    }
    ranges.addSubnet(address, bits, family === 6 ? 'ipv6' : 'ipv4')
  }
  return ranges
}
