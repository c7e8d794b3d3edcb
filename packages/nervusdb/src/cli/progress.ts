const WIDTH = 24
const EVERY_MS = 100

/** A bar on standard error, where that is a terminal. */
export class Progress {
  readonly #total: number | undefined
  readonly #isShown: boolean
  readonly #begin = performance.now()
  #done = 0
  #shownAt = 0

  constructor(total: number | undefined, isQuiet: boolean) {
    this.#total = total
    this.#isShown = !isQuiet && process.stderr.isTTY === true
  }

  advance(bytes: number, facts: number): void {
    this.#done += bytes
    const now = performance.now()
    if (!this.#isShown || now - this.#shownAt < EVERY_MS) return
    this.#shownAt = now
    const rate = Math.round((facts / Math.max(1, now - this.#begin)) * 1000).toLocaleString('en')
    process.stderr.write(`\r${this.#bar()} ${facts.toLocaleString('en')} facts, ${rate}/s\x1b[K`)
  }

  end(): void {
    if (this.#isShown) process.stderr.write('\r\x1b[K')
  }

  #bar(): string {
    if (this.#total === undefined || this.#total === 0) return `${(this.#done / 1e6).toFixed(1)} MB`
    const part = Math.min(1, this.#done / this.#total)
    const filled = Math.round(part * WIDTH)
    return `[${'█'.repeat(filled)}${'░'.repeat(WIDTH - filled)}] ${Math.round(part * 100)} %`
  }
}
