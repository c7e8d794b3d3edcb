// The part of `Intl` that needs no data of languages: where characters and words, as people see them, begin.
'use strict'

// By the rules of Unicode (UAX 29), but for scripts that put vowels before consonants.
const GRAPHEME =
  /\r\n|\p{RI}\p{RI}|\p{Emoji}(?:\p{EMod}|\ufe0f\u20e3?|[\u{e0020}-\u{e007f}])*(?:\u200d\p{Emoji}(?:\p{EMod}|\ufe0f)*)*[\p{M}\u200d]*|[\u1100-\u115f]*[\uac00-\ud7a3][\u1160-\u11ff]*[\p{M}\u200d]*|[\u1100-\u115f]+[\u1160-\u11ff]*[\p{M}\u200d]*|(?:[\r\n]|[^\r\n][\p{M}\u200d]*)/gsu
const WORD = /[\p{L}\p{N}\p{M}_]+(?:['’.][\p{L}\p{N}]+)*|\s+|[\s\S]/gu

class Segmenter {
  #granularity
  #locale
  constructor(locales = 'en-US', { granularity = 'grapheme' } = {}) {
    if (!['grapheme', 'word'].includes(granularity))
      throw new RangeError(`Value ${granularity} out of range for Intl.Segmenter options property granularity`)
    this.#granularity = granularity
    this.#locale = `${Array.isArray(locales) ? (locales[0] ?? 'en-US') : locales}`
  }
  segment(text) {
    const input = `${text}`
    const words = this.#granularity === 'word'
    const all = function* () {
      for (const { 0: segment, index } of input.matchAll(words ? WORD : GRAPHEME))
        yield words ? { segment, index, input, isWordLike: /[\p{L}\p{N}]/u.test(segment) } : { segment, index, input }
    }
    return {
      [Symbol.iterator]: all,
      containing(at = 0) {
        for (const one of all()) if (at >= one.index && at < one.index + one.segment.length) return one
        return undefined
      },
    }
  }
  resolvedOptions() {
    return { locale: this.#locale, granularity: this.#granularity }
  }
  static supportedLocalesOf(locales) {
    return [locales].flat()
  }
}

exports.Intl = Object.defineProperty({ Segmenter }, Symbol.toStringTag, { value: 'Intl', configurable: true })
