/** When all that an execution has begun has ended. */
import type { Asked } from './asked.ts';

/** What is begun of an execution, and whether all of it has ended. */
export class Work {
  readonly asked: Asked;
  #open = 1; // Until all that can begin has begun.
  #done: (() => void) | undefined;

  constructor(asked: Asked) {
    this.asked = asked;
  }

  begin(): void {
    this.#open += 1;
  }

  end(): void {
    this.#open -= 1;
    if (this.#open === 0) this.#done?.();
  }

  /** All that can begin has. Answers once all of it has ended: at once where it has. */
  begun<T>(answer: () => T | Promise<T>): T | Promise<T> {
    this.end();
    if (this.#open === 0) return answer();
    return new Promise((resolve, reject) => {
      this.#done = () => {
        try {
          resolve(answer());
        } catch (error) {
          reject(error);
        }
      };
    });
  }
}
