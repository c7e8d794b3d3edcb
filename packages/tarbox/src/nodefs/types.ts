/// What a call gives, by the options it was given.
import type { Dirent } from './dirent.js'
import type { Bytes, Encoding } from './encoding.js'

export type EncodingOption = Encoding | 'buffer' | null | undefined
export type Encoded = EncodingOption | { encoding?: EncodingOption }

type EncodingOf<O> = O extends string | null | undefined ? O : O extends { encoding?: infer E } ? E : undefined

/** Bytes unless an encoding is set. */
export type Content<O> =
  EncodingOf<O> extends 'buffer' | null | undefined ? Bytes : Encoding extends EncodingOf<O> ? Bytes | string : string

/** Text unless it is to be a buffer. */
export type Name<O> = EncodingOf<O> extends 'buffer' ? Bytes : string

export type Listed<O> = O extends { withFileTypes: true } ? Dirent<Name<O>>[] : Name<O>[]
