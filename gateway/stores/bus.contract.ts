/** What every Bus promises, asked of an adapter by the tests beside it. */
import { expect, test } from 'vitest';
import { until } from '../../e2e/kit/until.ts';
import type { Bus } from '../../resolvers/ports.ts';

/** Two gateways on one store; the same bus twice where there is no other. */
export interface BusPair {
  readonly here: Bus;
  readonly there: Bus;
}

const noop = () => undefined;

/** Declares the suite; `pair` is opened before each test and closed after it by who calls. */
export function busContract(pair: () => BusPair): void {
  /** Listens and keeps what it hears. */
  async function hearing(bus: Bus, topic: string) {
    const heard: string[] = [];
    const stop = await bus.listen(topic, (message) => void heard.push(message));
    return { heard, stop };
  }

  test('what is published after listening has begun is heard, by each listener of its topic alone', async () => {
    const { here, there } = pair();
    const [first, second, other] = [
      await hearing(here, 'a'),
      await hearing(here, 'a'),
      await hearing(here, 'b'),
    ];
    there.publish('a', 'one');
    here.publish('a', 'two');
    await until('both messages', () => first.heard.length + second.heard.length === 4);
    expect(first.heard.toSorted()).toEqual(['one', 'two']);
    expect(second.heard.toSorted()).toEqual(['one', 'two']);
    expect(other.heard).toEqual([]);
  });

  test('messages of one publisher come in order, each once, topic by topic', async () => {
    const { here, there } = pair();
    const topics = ['a', 'b', 'c', 'd', 'e'];
    const listeners = await Promise.all(topics.map((topic) => hearing(here, topic)));
    const messages = Array.from({ length: 500 }, (_, at) => String(at));
    for (const message of messages) for (const topic of topics) there.publish(topic, message);
    await until('all messages', () => listeners.every(({ heard }) => heard.length >= 500));
    for (const { heard } of listeners) expect(heard).toEqual(messages);
    expect(there.counts().lost).toBe(0);
  });

  test('a listener that ends hears nothing more, and leaves the others as they are', async () => {
    const { here, there } = pair();
    const [ending, staying] = [await hearing(here, 'a'), await hearing(here, 'a')];
    ending.stop();
    ending.stop(); // Twice is once.
    there.publish('a', 'x');
    await until('the message', () => staying.heard.length === 1);
    expect(ending.heard).toEqual([]);
    expect(here.counts().topics).toBe(1);
  });

  test('the same function may listen twice; each ends by its own answer', async () => {
    const { here, there } = pair();
    const heard: string[] = [];
    const hear = (message: string) => void heard.push(message);
    const [stopFirst] = [await here.listen('a', hear), await here.listen('a', hear)];
    there.publish('a', 'x');
    await until('both', () => heard.length === 2);
    stopFirst();
    there.publish('a', 'y');
    await until('one more', () => heard.length === 3);
    expect(heard).toEqual(['x', 'x', 'y']);
  });

  test('topics are forgotten with their last listener, and may be listened to again at once', async () => {
    const { here, there } = pair();
    for (let round = 0; round < 20; round += 1) {
      const stops = await Promise.all(
        Array.from({ length: 10 }, (_, at) => here.listen(`topic ${at}`, noop)),
      );
      expect(here.counts().topics).toBe(10);
      for (const stop of stops) stop();
      expect(here.counts().topics).toBe(0);
    }
    const again = await hearing(here, 'topic 3');
    there.publish('topic 3', 'x');
    await until('the message', () => again.heard.length === 1);
  });

  test('a message to nobody is no fault, and after the close nothing is heard and nothing throws', async () => {
    const { here, there } = pair();
    there.publish('nobody', 'x');
    const { heard } = await hearing(here, 'a');
    await here.close();
    there.publish('a', 'x');
    here.publish('a', 'x');
    expect(heard).toEqual([]);
    expect(here.counts().topics).toBe(0);
  });
}
