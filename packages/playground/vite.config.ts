import { defineConfig } from 'vite'
import { licences } from './build/licences.ts'
import { offline } from './build/offline.ts'

export default defineConfig({
  // It works below any path.
  base: './',
  build: {
    target: 'es2022',
    // The page's policy allows no data: scripts and styles, and an icon of its own is cached better.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 900,
  },
  worker: { format: 'es' },
  plugins: [licences(), offline()],
})
