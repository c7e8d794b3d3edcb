// `v8`: what makes sense on another engine.
'use strict'
const clone = (value) => structuredClone(value)
module.exports = {
  cachedDataVersionTag: () => 0,
  getHeapStatistics: () => ({
    total_heap_size: 16 << 20,
    total_heap_size_executable: 0,
    total_physical_size: 16 << 20,
    total_available_size: 1 << 30,
    used_heap_size: 8 << 20,
    heap_size_limit: 2 ** 32,
    malloced_memory: 8 << 20,
    peak_malloced_memory: 16 << 20,
    does_zap_garbage: 0,
    number_of_native_contexts: 1,
    number_of_detached_contexts: 0,
    total_global_handles_size: 0,
    used_global_handles_size: 0,
    external_memory: 0,
  }),
  getHeapSpaceStatistics: () => [],
  getHeapCodeStatistics: () => ({
    code_and_metadata_size: 0,
    bytecode_and_metadata_size: 0,
    external_script_source_size: 0,
    cpu_profiler_metadata_size: 0,
  }),
  setFlagsFromString() {},
  serialize: (value) => Buffer.from(JSON.stringify(clone(value))),
  deserialize: (buffer) => JSON.parse(Buffer.from(buffer).toString()),
  startupSnapshot: { isBuildingSnapshot: () => false },
}
