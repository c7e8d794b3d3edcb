/// Where a server is, and what it is shown.
import { TarboxError } from '../errors.js'

/** A workspace at a server. */
export interface ServerOptions {
  /** The server, such as `https://files.example.org`; `?tenant=NAME` names a tenant other than the key's. */
  url: string | URL
  /** A key of `tarbox key create`. */
  key: string
  /** `strict` (the default): acknowledged changes are on the server's device. `relaxed`: they are written moments later. */
  durability?: 'strict' | 'relaxed' | undefined
  /** Milliseconds for which a server that does not answer is asked again; 30,000 unless said otherwise. */
  patience?: number | undefined
}

export interface Address {
  /** What is below `/api/v1`, with a slash at the end. */
  api: string
  tenant: string | undefined
  key: string
  durable: boolean
  patience: number
}

export function addressOf({ url, key, durability = 'strict', patience = 30_000 }: ServerOptions): Address {
  let parsed: URL
  try {
    parsed = new URL(url)
  } catch (cause) {
    throw new TarboxError('EINVAL', `'${String(url)}' is not the URL of a server.`, { cause })
  }
  const { protocol, username, password, search, searchParams, hash, pathname, origin } = parsed
  if (protocol !== 'http:' && protocol !== 'https:')
    throw new TarboxError('EINVAL', `A server's URL begins with https:// or http://, and '${origin}' does not.`)
  const tenant = searchParams.get('tenant') ?? undefined
  if (username || password || hash || [...searchParams.keys()].some((name) => name !== 'tenant') || /tbx_/.test(search))
    throw new TarboxError('EINVAL', "A server's URL has nothing but ?tenant=NAME; the key is an argument of its own.")
  if (typeof key !== 'string' || !/^tbx_[0-9a-f]+_[0-9a-f]+$/.test(key))
    throw new TarboxError('EINVAL', "This is not a key: 'tarbox key create' prints one, which begins with tbx_.")
  if (durability !== 'strict' && durability !== 'relaxed')
    throw new TarboxError('EINVAL', `'${String(durability)}' is no durability; it is strict or relaxed.`)
  return {
    api: `${origin}${pathname.replace(/\/+$/, '')}/api/v1/`,
    tenant,
    key,
    durable: durability === 'strict',
    patience,
  }
}
