// Numbers of signals, as Linux has them.
'use strict'
const names =
  'HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS'
const signals = { __proto__: null }
names.split(' ').forEach((name, index) => {
  signals[`SIG${name}`] = index + 1
})
signals.SIGIOT = signals.SIGABRT
signals.SIGPOLL = signals.SIGIO
exports.signals = signals
