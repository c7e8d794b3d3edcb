// `cluster`: there is one process.
'use strict'
const EventEmitter = require('events')
module.exports = Object.assign(
  new EventEmitter(),
  require('internal/missing').missing('cluster', ['fork', 'setupPrimary', 'setupMaster', 'disconnect']),
  { isMaster: true, isPrimary: true, isWorker: false, workers: {}, settings: {}, SCHED_NONE: 1, SCHED_RR: 2 },
)
