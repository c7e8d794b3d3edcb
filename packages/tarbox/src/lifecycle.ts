/**
 * Tells when this page is put aside, into the back-forward cache or frozen, and when it is back. Nothing of it runs in
 * between, its workers neither. Gives what ends the telling; workers are not told.
 */
export function onRest(rest: () => void, wake: () => void): () => void {
  if (typeof document === 'undefined') return () => undefined
  const ending = new AbortController()
  const { signal } = ending
  addEventListener('pagehide', rest, { signal })
  document.addEventListener('freeze', rest, { signal })
  addEventListener('pageshow', wake, { signal })
  document.addEventListener('resume', wake, { signal })
  return () => ending.abort()
}
