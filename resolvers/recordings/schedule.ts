/**
 * When each task of a recording began and ended. Recordings tell durations, not starts; the rule that makes starts
 * of them is the one of the data set's README ("Progress events"), step by step in whole milliseconds:
 *
 *   a task runs on the first of its machines that is known, else on the first machine, and needs
 *   min(max(1, cores), slots) slots of it; it is ready when its last parent ends; the queue is ordered by
 *   (ready, -priority, position); at each instant slots are released first, then the queue is walked once and what
 *   fits is started. If the makespan is no shorter than the simulation, all times are stretched to it.
 */
import type { Machine, Recording, Task } from './recording.ts';

export interface ScheduledTask {
  readonly task: Task;
  /** Null when the recording tells no machines. */
  readonly machine: string | null;
  /** From the start of the run. */
  readonly start_ms: number;
  readonly end_ms: number;
}

export interface Schedule {
  /** In the order of the recording. */
  readonly tasks: readonly ScheduledTask[];
  /** When the last task ended, before stretching. */
  readonly simulated_ms: number;
  readonly makespan_ms: number;
}

/** The schedule of a recording whose graph has no cycle. O(n log n) where machines offer few sizes of work. */
export function scheduleOf(recording: Recording): Schedule {
  const times = simulate(recording);
  const { makespan_ms } = recording;
  const simulated_ms = times.reduce((latest, { end_ms }) => Math.max(latest, end_ms), 0);
  const stretched = makespan_ms >= simulated_ms;
  const at = (time_ms: number): number =>
    stretched // The product may pass 2^53.
      ? Number((BigInt(time_ms) * BigInt(makespan_ms)) / BigInt(simulated_ms))
      : time_ms;
  const tasks = times.map(({ start_ms, end_ms, ...rest }) => ({
    ...rest,
    start_ms: at(start_ms),
    end_ms: at(end_ms),
  }));
  return { tasks, simulated_ms, makespan_ms };
}

interface Job {
  readonly task: Task;
  readonly position: number;
  readonly host: Host;
  readonly slots: number;
  readonly children: Job[];
  waitsFor: number;
  start_ms: number;
  end_ms: number;
}

/** A machine at work. */
interface Host {
  readonly name: string | null;
  readonly slots: number;
  free: number;
  running: number;
  /**
   * What is ready, by the slots it needs. Of one size the first in order is the first to start, and during one walk
   * the free slots only shrink: so the walk takes, again and again, the first in order among the sizes that fit.
   */
  readonly queues: Map<number, Queue>;
}

interface Queue {
  readonly jobs: { readonly job: Job; readonly order: number }[];
  next: number;
}

function simulate(recording: Recording): readonly ScheduledTask[] {
  const jobs = jobsOf(recording);
  const hosts = new Set(jobs.map(({ host }) => host));
  const running: Job[] = []; // The next to end is last.
  let order = 0;
  const ready = (batch: Job[]): void => {
    for (const job of batch.toSorted(byPriority)) enqueue(job, (order += 1));
  };

  ready(jobs.filter(({ waitsFor }) => waitsFor === 0));
  for (let now_ms = 0; ; now_ms = running.at(-1)?.end_ms ?? 0) {
    const freed: Job[] = [];
    while (running.at(-1)?.end_ms === now_ms) freed.push(...ended(running.pop() as Job));
    ready(freed);
    for (const host of hosts) {
      for (let job = nextFit(host); job; job = nextFit(host)) start(job, now_ms, running);
    }
    if (running.length === 0) break;
  }
  return jobs.map(({ task, host, start_ms, end_ms }) => ({
    task,
    machine: host.name,
    start_ms,
    end_ms,
  }));
}

function jobsOf({ tasks, machines }: Recording): readonly Job[] {
  const known: readonly (Machine | { name: null; slots: number })[] =
    machines.length > 0 ? machines : [{ name: null, slots: 1 }];
  const hosts = new Map<string | null, Host>();
  for (const { name, slots } of known) {
    if (!hosts.has(name)) {
      hosts.set(name, { name, slots, free: slots, running: 0, queues: new Map() });
    }
  }
  const [firstHost] = hosts.values();
  const jobs = tasks.map((task, position): Job => {
    const name = task.machines.find((machine) => hosts.has(machine));
    const host = (name === undefined ? firstHost : hosts.get(name)) as Host;
    const slots = Math.min(Math.max(1, task.cores), host.slots);
    const waitsFor = task.parents.length;
    return { task, position, host, slots, children: [], waitsFor, start_ms: 0, end_ms: 0 };
  });
  const byKey = new Map(jobs.map((job) => [job.task.key, job]));
  for (const job of jobs) {
    for (const parent of job.task.parents) byKey.get(parent)?.children.push(job);
  }
  return jobs;
}

function byPriority(a: Job, b: Job): number {
  return b.task.priority - a.task.priority || a.position - b.position;
}

function enqueue(job: Job, order: number): void {
  const { queues } = job.host;
  const queue = queues.get(job.slots);
  if (queue) queue.jobs.push({ job, order });
  else queues.set(job.slots, { jobs: [{ job, order }], next: 0 });
}

/** Takes the first in order that fits out of its queue. */
function nextFit(host: Host): Job | undefined {
  let first: Queue | undefined;
  for (const [slots, queue] of host.queues) {
    const head = slots <= host.free ? queue.jobs[queue.next] : undefined;
    const best = first?.jobs[first.next];
    if (head && (!best || head.order < best.order)) first = queue;
  }
  if (!first) return undefined;
  const entry = first.jobs[first.next];
  first.next += 1;
  return entry?.job;
}

function start(job: Job, now_ms: number, running: Job[]): void {
  job.start_ms = now_ms;
  job.end_ms = now_ms + job.task.duration_ms;
  job.host.free -= job.slots;
  job.host.running += 1;
  let [low, high] = [0, running.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((running[middle] as Job).end_ms > job.end_ms) low = middle + 1;
    else high = middle;
  }
  running.splice(low, 0, job);
}

/** Releases the slots of a job; returns what became ready by it. */
function ended(job: Job): Job[] {
  const { host } = job;
  host.running -= 1;
  // An idle machine is wholly free: cores may be fractions, whose sums drift.
  host.free = host.running === 0 ? host.slots : host.free + job.slots;
  return job.children.filter((child) => (child.waitsFor -= 1) === 0);
}
