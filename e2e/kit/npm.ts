import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const WAIT_MS = 300_000;

/**
 * Runs npm: the one that runs us, or the one on the path; without the settings it gives to the scripts of this
 * project. Answers its stdout; rejects with its stderr.
 */
export async function npm(command: readonly string[], cwd: string): Promise<string> {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^npm_(package|lifecycle|config_local)/.test(name),
    ),
  );
  const script = process.env['npm_execpath'];
  const isNpm = script !== undefined && /np[mx]-cli/.test(script);
  const [file, ...flags] = isNpm ? [process.execPath, script, ...command] : ['npm', ...command];
  const { stdout } = await promisify(execFile)(file, flags, { cwd, env, timeout: WAIT_MS });
  return stdout;
}
