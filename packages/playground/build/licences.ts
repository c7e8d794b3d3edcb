import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Plugin } from 'vite'

const modules = join(import.meta.dirname, '../../../node_modules')

interface Manifest {
  name: string
  version: string
  license?: string
  dependencies?: Record<string, string>
}

const manifest = (directory: string) => JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as Manifest

/** Puts beside the page under which licences what it is made of may be given on. */
export function licences(): Plugin {
  return {
    name: 'licences',
    apply: 'build',
    generateBundle() {
      const texts = [...shipped(manifest(join(import.meta.dirname, '..')))].sort().map(text)
      this.emitFile({ type: 'asset', fileName: 'licences.txt', source: texts.join(`\n${'='.repeat(80)}\n\n`) })
    },
  }
}

/** Whatever the page depends on, and what that depends on. What has no licence file of its own is this project's. */
function shipped({ dependencies = {} }: Manifest, found = new Set<string>()): Set<string> {
  for (const name of Object.keys(dependencies)) {
    if (found.has(name) || !existsSync(join(modules, name, 'LICENSE'))) continue
    found.add(name)
    shipped(manifest(join(modules, name)), found)
  }
  return found
}

function text(name: string): string {
  const { version, license } = manifest(join(modules, name))
  return `${name} ${version} (${license ?? 'see below'})\n\n${readFileSync(join(modules, name, 'LICENSE'), 'utf8')}`
}
