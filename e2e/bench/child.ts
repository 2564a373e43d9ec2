/** Programs of a benchmark that run in processes of their own: asked by messages, measured from outside. */
import { fork } from 'node:child_process';
import { cpuOf } from './gateway-process.ts';

/** What a child can be asked, by name. */
export type Answers = Readonly<Record<string, (question: never) => unknown>>;

export interface Child<Asked extends Answers> {
  /** One question at a time. Rejects with what the child threw, or when it ended. */
  ask<Name extends keyof Asked & string>(
    name: Name,
    question: Parameters<Asked[Name]>[0],
  ): Promise<Awaited<ReturnType<Asked[Name]>>>;
  /** User and system time so far, all threads. */
  cpu_ms(): number;
  stop(): void;
}

/** Starts `e2e/bench/<program>.ts`, which calls `answer`. */
export function startChild<Asked extends Answers>(program: string): Child<Asked> {
  const child = fork(new URL(`${program}.ts`, import.meta.url), {
    execArgv: ['--import', 'tsx'],
    serialization: 'advanced',
  });
  return {
    ask: (name, question) =>
      new Promise((done, fail) => {
        const ended = () => fail(new Error(`${program} ended`));
        child.once('exit', ended);
        child.once('message', (message) => {
          child.off('exit', ended);
          const { value, error } = message as { value: never; error?: string };
          if (error === undefined) done(value);
          else fail(new Error(`${program}: ${error}`));
        });
        child.send({ name, question });
      }),
    cpu_ms: () => cpuOf(child),
    stop: () => void child.kill(),
  };
}

/** In the child: answers what the benchmark asks. */
export function answer(answers: Answers): void {
  process.on('message', (message) => {
    const { name, question } = message as { name: string; question: never };
    const told = Promise.resolve().then(() => answers[name]!(question));
    told.then(
      (value) => process.send!({ value }),
      (error: unknown) => process.send!({ error: String(error) }),
    );
  });
  process.once('disconnect', () => process.exit(0));
}
