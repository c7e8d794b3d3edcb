/** SQLite's own build, as its users load it. Its types are not ours to check. */
const script = '/node_modules/@sqlite.org/sqlite-wasm/dist/index.mjs'

/**
 * Of its ways to store only the pool is wanted; the others would start a worker from this one, whose start Firefox can
 * lose, and wait for it.
 */
export async function officialBuild(): Promise<any> {
  Object.assign(globalThis, {
    sqlite3ApiConfig: { disable: { vfs: { opfs: true, 'opfs-wl': true, 'opfs-vfs': true } } },
  })
  const module = await import(script)
  return module.default()
}
