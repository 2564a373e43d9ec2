/**
 * For node: WebAssembly is compiled once, quickly, and not again for speed. The embedded Postgres of a test lives for
 * seconds: what V8 gains by compiling its hot functions anew, in threads of its own, costs a quarter of a start's CPU and
 * a fifth of a test file's. e2e/package.test.ts and the benches run without.
 */
export const BASELINE_WASM: readonly string[] = ['--liftoff-only'];
