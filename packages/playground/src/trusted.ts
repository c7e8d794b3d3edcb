/**
 * The page's policy lets no text become markup or script, wherever a library might try. What is left is to say which
 * scripts workers may be made of: this site's own.
 */
interface Factory {
  createPolicy(name: 'default', rules: { createScriptURL: (url: string) => string }): unknown
}

;(globalThis as { trustedTypes?: Factory }).trustedTypes?.createPolicy('default', {
  createScriptURL(url) {
    if (new URL(url, location.href).origin !== location.origin) throw new TypeError(`${url} is no script of this site.`)
    return url
  },
})

export {}
