/** What the page remembers, as JSON. A browser that keeps nothing, or has no room, throws: the page works without. */
function keeping(storage: () => Storage) {
  return {
    get<T>(key: string): T | undefined {
      try {
        const kept = storage().getItem(key)
        return kept === null ? undefined : (JSON.parse(kept) as T)
      } catch {
        return undefined
      }
    },
    set(key: string, value: unknown): void {
      try {
        storage().setItem(key, JSON.stringify(value))
      } catch {
        // No loss: what is remembered is convenience.
      }
    },
  }
}

/** For this browser. */
export const kept = keeping(() => localStorage)

/** For this tab, until it is closed. */
export const keptHere = keeping(() => sessionStorage)
