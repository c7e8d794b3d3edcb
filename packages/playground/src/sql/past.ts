import { kept } from '../ui/kept.js'
import type { SqlDoc } from './document.js'

/** Statements remembered of a file. */
const MOST = 50

const key = ({ workspace, path }: SqlDoc) => `sql:${workspace.name}:${path}`

/** What was run on a file before, the latest first. */
export function remembered(doc: SqlDoc): string[] {
  return kept.get(key(doc)) ?? []
}

export function remember(doc: SqlDoc, text: string): void {
  kept.set(key(doc), [text, ...remembered(doc).filter((other) => other !== text)].slice(0, MOST))
}
