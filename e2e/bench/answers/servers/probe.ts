/**
 * Imported into a server before its own code, where memory is measured: by SIGUSR2 it begins to count what is
 * allocated on the heap and how long the collector takes, by the next one it prints both. PROBE leads its lines.
 */
import { performance, type EventLoopUtilization } from 'node:perf_hooks';
import { getHeapStatistics, GCProfiler } from 'node:v8';

let profiler: GCProfiler | null = null;
let first_bytes = 0;
let began: EventLoopUtilization;

process.on('SIGUSR2', () => {
  if (profiler) {
    console.log(`PROBE ${JSON.stringify(counted(profiler))}`);
    profiler = null;
  } else {
    profiler = new GCProfiler();
    profiler.start();
    first_bytes = getHeapStatistics().used_heap_size;
    began = performance.eventLoopUtilization();
    console.log('PROBE {}');
  }
});

/** Between two collections the heap only grows: all growth together is what was allocated. */
function counted(ended: GCProfiler) {
  const last_bytes = getHeapStatistics().used_heap_size;
  const { active: busy_ms } = performance.eventLoopUtilization(began);
  const { statistics } = ended.stop();
  let [heap_bytes, collector_ms, from_bytes] = [0, 0, first_bytes];
  for (const { cost, beforeGC, afterGC } of statistics) {
    heap_bytes += beforeGC.heapStatistics.usedHeapSize - from_bytes;
    collector_ms += cost / 1_000;
    from_bytes = afterGC.heapStatistics.usedHeapSize;
  }
  return { heap_bytes: heap_bytes + last_bytes - from_bytes, collector_ms, busy_ms };
}
