/**
 * A statement whose answer is taken as it comes: rows of texts. pg's own query asks for a description of the columns
 * each time and makes an object of each row by it; who knows the columns needs neither. Put into pg's queue as its
 * cursors are.
 */
import { prepareValue } from 'pg/lib/utils.js';

/** The part of pg's connection that a statement is sent by. */
interface Wire {
  readonly stream: { cork(): void; uncork(): void };
  readonly parsedStatements: Readonly<Record<string, string>>;
  parse(message: { name: string; text: string; types: readonly string[] }): void;
  bind(message: {
    portal: string;
    statement: string;
    values: readonly unknown[];
    valueMapper: (value: unknown) => unknown;
  }): void;
  execute(message: { portal: string; rows: number }): void;
  sync(): void;
}

type Texts = (string | null)[];

export class TextQuery {
  /** Read by pg when the statement was prepared. */
  readonly name: string | undefined;
  readonly text: string;
  callback: (error: Error | null, result?: { readonly rows: readonly Texts[] }) => void;
  readonly #values: readonly unknown[];
  readonly #rows: Texts[] = [];

  constructor(
    { name, text, values = [] }: { name?: string | undefined; text: string; values?: unknown[] },
    done: TextQuery['callback'],
  ) {
    this.name = name;
    this.text = text;
    this.#values = values;
    this.callback = done;
  }

  submit(wire: Wire): Error | null {
    const name = this.name ?? '';
    let values: unknown[];
    try {
      values = this.#values.map((value) => prepareValue(value));
    } catch (error) {
      return error as Error; // Told by pg; nothing is sent.
    }
    wire.stream.cork();
    try {
      if (name === '' || wire.parsedStatements[name] === undefined) {
        wire.parse({ name, text: this.text, types: [] });
      }
      wire.bind({ portal: '', statement: name, values, valueMapper: (value) => value });
      wire.execute({ portal: '', rows: 0 });
      wire.sync();
      return null;
    } finally {
      wire.stream.uncork();
    }
  }

  handleDataRow({ fields }: { readonly fields: Texts }): void {
    this.#rows.push(fields);
  }

  handleError(error: Error): void {
    this.callback(error);
  }

  handleReadyForQuery(): void {
    this.callback(null, { rows: this.#rows });
  }

  handleRowDescription(): void {}
  handleCommandComplete(): void {}
  handleEmptyQuery(): void {}
  handlePortalSuspended(): void {}
}
