/// Asks a server whose key that is, and says in words what is wrong if there is no answer.

/** Milliseconds for an answer. */
const PATIENCE = 15_000

addEventListener('message', ({ data }: MessageEvent<{ url: string; key: string }>) => {
  void ask(data).then(
    (whose) => postMessage({ whose }),
    (error: unknown) => postMessage({ problem: error instanceof Error ? error.message : String(error) }),
  )
})

async function ask({ url, key }: { url: string; key: string }): Promise<unknown> {
  const { origin, pathname, searchParams } = new URL(url)
  const tenant = searchParams.get('tenant')
  const response = await fetch(`${origin}${pathname.replace(/\/+$/, '')}/api/v1/system/capabilities`, {
    headers: { authorization: `Bearer ${key}` },
    cache: 'no-store',
    credentials: 'omit',
    // A key is for this server alone.
    redirect: 'error',
    signal: AbortSignal.timeout(PATIENCE),
  }).catch(() => {
    // A browser does not tell why.
    throw new Error(
      `The server does not answer this page. Is the address right, and was the server started with --cors ${location.origin}?`,
    )
  })
  if (response.status === 401 || response.status === 403) throw new Error('The server does not accept this key.')
  const told = (await response.json().catch(() => ({}))) as { tenant?: unknown; scope?: unknown }
  if (!response.ok || typeof told.tenant !== 'string')
    throw new Error(`There is no Tarbox server at ${origin}${pathname}: it answered with status ${response.status}.`)
  if (told.scope === 'read')
    throw new Error('This key may only read. It takes one with the scope “write”: tarbox key create --scope write')
  return { ...told, tenant: tenant ?? told.tenant }
}
