/** What the engine's module exports; `crates/nervusdb-wasm` says what each call does. */
export interface EngineExports {
  readonly memory: { readonly buffer: ArrayBuffer }
  input(length: number): number
  bytes(): number
  error(): number
  graph_open(flags: number, cacheBytes: number, memtableBytes: number, logBytes: number, remember: number): number
  view_free(view: number): void
  graph_snapshot(graph: number): number
  graph_sync(graph: number): number
  graph_flush(graph: number): number
  graph_compact(graph: number): number
  graph_compact_some(graph: number, budget: number): number
  graph_stats(graph: number): number
  graph_terms(graph: number): number
  view_sequence(view: number): number
  graph_has_data(graph: number): number
  terms_intern(graph: number, count: number): number
  terms_find(graph: number, count: number): number
  terms_get(view: number, count: number): number
  facts_scan(view: number, s: number, p: number, o: number, limit: number): number
  facts_more(scan: number, limit: number): number
  scan_free(scan: number): number
  facts_count(view: number, s: number, p: number, o: number): number
  facts_contains(view: number, s: number, p: number, o: number): number
  commit(graph: number, words: number, level: number, txLength: number, sessionLength: number, timeMs: number): number
  commit_fact(graph: number, s: number, p: number, o: number, deletes: number, level: number): number
  properties_get(view: number, ofEdges: number, count: number): number
  properties_scan(
    view: number,
    ofEdges: number,
    kind: number,
    nameLength: number,
    minLength: number,
    maxLength: number,
  ): number
  properties_more(scan: number, limit: number, withValues: number): number
  properties_names(view: number, ofEdges: number): number
  /** These are in the module of tools alone. */
  graph_check?(): number
  graph_repair?(): number
  graph_transactions?(graph: number): number
  graph_forget_transactions?(graph: number, kept: number): number
}

/** What the module imports: its storage. */
export interface HostImports {
  pool_open(name: number, length: number, flags: number): number
  pool_close(file: number): void
  pool_read(file: number, to: number, length: number, offset: number): number
  pool_write(file: number, from: number, length: number, offset: number): number
  pool_truncate(file: number, length: number): number
  pool_sync(file: number): number
  pool_len(file: number): number
  pool_exists(name: number, length: number): number
  pool_delete(name: number, length: number): number
  pool_list(prefix: number, length: number): number
  pool_list_take(to: number): void
  pool_sync_names(): number
}

/** Makes an instance around a host's storage. Synchronous: compiling has been done. */
export type Instantiate = (imports: { host: HostImports }) => EngineExports
