/**
 * Log lines: one JSON object each, or one coloured line on a terminal. They say what happened and how long it took,
 * never what was in it: no bodies, variables, headers, values of statements.
 */
import { pino, type Logger } from 'pino';
import type { Config } from '../config.ts';

/** Where lines go. Standard output, or a test's array. */
export interface Sink {
  readonly isTTY?: boolean;
  write(line: string): unknown;
}

/** The gateway's logger. Lines are written as they are logged: a crash loses none. */
export function openLogs(level: Config['log_level'], sink: Sink): Logger {
  const options = {
    level,
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: describeError },
  };
  return pino(options, sink.isTTY ? { write: (line: string) => sink.write(pretty(line)) } : sink);
}

/** Error classes whose message may repeat what was sent: JSON in a syntax error, rows in a database's. */
const QUOTING = /^(SyntaxError|DatabaseError|Prisma|ZodError)/;

/** Members that name a cause and never quote a value. SQLSTATE and names of things, Prisma's code, Node's code. */
const NAMED = ['code', 'constraint', 'table', 'column', 'routine', 'syscall', 'statement'];

/** What a line says of an error: where it was thrown and which it is, without what it quotes. */
export function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { type: typeof error };
  const type = error.constructor.name === 'Error' ? error.name : error.constructor.name;
  const named = NAMED.map((name) => [name, (error as unknown as Record<string, unknown>)[name]]);
  return {
    type,
    ...(QUOTING.test(type) || 'severity' in error ? {} : { message: error.message.slice(0, 500) }),
    ...Object.fromEntries(named.filter(([, value]) => typeof value === 'string')),
    at: framesOf(error),
    ...(error.cause === undefined ? {} : { cause: describeError(error.cause) }),
  };
}

const FRAMES_MAX = 12;

function framesOf(error: Error): string[] {
  const lines = (error.stack ?? '').split('\n');
  return lines
    .filter((line) => /^\s+at /.test(line))
    .slice(0, FRAMES_MAX)
    .map((line) => line.trim());
}

const COLOUR: Record<string, string> = { error: '31', warn: '33', info: '32', debug: '90' };

/** One line for a person: time, level, message, then the rest as `name=value`. */
function pretty(line: string): string {
  const { level, time, msg, err, ...rest } = JSON.parse(line) as Record<string, unknown>;
  const fields = Object.entries(rest).map(([name, value]) => dim(`${name}=${shown(value)}`));
  const label = `\u001B[${COLOUR[String(level)] ?? '0'}m${String(level).padEnd(5)}\u001B[0m`;
  const head = [dim(String(time).slice(11, 23)), label, shown(msg ?? ''), ...fields].join(' ');
  return err ? `${head}\n${JSON.stringify(err, null, 2)}\n` : `${head}\n`;
}

function dim(text: string): string {
  return `\u001B[90m${text}\u001B[0m`;
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
