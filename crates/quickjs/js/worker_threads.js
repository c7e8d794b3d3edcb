// `worker_threads`: there is one thread; messages within it work.
'use strict'
const { MessageChannel, MessagePort, BroadcastChannel } = require('internal/channels')
module.exports = {
  ...require('internal/missing').missing('worker_threads', [
    'Worker',
    'moveMessagePortToContext',
    'receiveMessageOnPort',
  ]),
  isMainThread: true,
  parentPort: null,
  workerData: null,
  threadId: 0,
  resourceLimits: {},
  SHARE_ENV: Symbol.for('nodejs.worker_threads.SHARE_ENV'),
  MessageChannel,
  MessagePort,
  BroadcastChannel,
  markAsUntransferable() {},
  isMarkedAsUntransferable: () => false,
  getEnvironmentData: (key) => data.get(key),
  setEnvironmentData: (key, value) => void (value === undefined ? data.delete(key) : data.set(key, value)),
}
const data = new Map()
