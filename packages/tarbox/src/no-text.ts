import type { Failure } from './messages.js'

export const NO_TEXT: Failure = {
  code: 'EILSEQ',
  errno: 84,
  message:
    'the name has a lone surrogate, which cannot be encoded in UTF-8; a name that is listed like this is not UTF-8, and can only be removed with its directory',
}
