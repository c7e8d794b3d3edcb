// Before the first paint: the colours that were chosen, or those of the system.
;(() => {
  const system = matchMedia('(prefers-color-scheme: dark)')
  const show = (theme) => {
    document.documentElement.dataset.theme = theme
  }
  const apply = () => {
    let chosen = null
    try {
      chosen = JSON.parse(localStorage.getItem('theme'))
    } catch {
      // A browser that keeps nothing follows the system.
    }
    show(chosen ?? (system.matches ? 'dark' : 'light'))
  }
  apply()
  system.addEventListener('change', apply)
  addEventListener('storage', apply)
  addEventListener('theme', ({ detail }) => show(detail))
})()
