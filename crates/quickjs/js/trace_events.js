// `trace_events`: there is nothing to trace.
'use strict'
module.exports = {
  createTracing: ({ categories }) => ({ categories: categories.join(','), enabled: false, enable() {}, disable() {} }),
  getEnabledCategories: () => undefined,
}
