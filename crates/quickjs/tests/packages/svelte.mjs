import { compile, VERSION } from 'svelte/compiler'
const source =
  '<script>let { n = 0 } = $props(); let d = $derived(n * 2)</script>\n{#if n > 1}<p class="a">{d}</p>{:else}<button onclick={() => n++}>+</button>{/if}\n{#each [1, 2] as x (x)}{x}{/each}\n<style>.a { color: red } .unused { x: y }</style>'
for (const generate of ['client', 'server']) {
  const { js, css, warnings } = compile(source, { generate, filename: 'App.svelte' })
  console.log(
    VERSION,
    js.code,
    css?.code,
    warnings.map((warning) => warning.code),
  )
}
try {
  compile('{#if}', {})
} catch (error) {
  console.log(error.code)
}
