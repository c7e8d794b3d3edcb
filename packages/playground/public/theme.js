// Before the first paint: the colours that were chosen, or those of the system.
;(() => {
  const system = matchMedia('(prefers-color-scheme: dark)')
  const apply = () => {
    let chosen = null
    try {
      chosen = localStorage.getItem('theme')
    } catch {
      // A browser that keeps nothing follows the system.
    }
    document.documentElement.dataset.theme = chosen ?? (system.matches ? 'dark' : 'light')
  }
  apply()
  system.addEventListener('change', apply)
  addEventListener('storage', apply)
  addEventListener('theme', apply)
})()
