/** The Bus of a gateway that is alone on its store: messages go from hand to hand within the process. */
import { EventEmitter } from 'node:events';
import type { Bus } from '../../resolvers/ports.ts';

/** A Bus that neither loses nor delays: `hear` is called before `publish` returns. */
export function openLocalBus(): Bus {
  const topics = new EventEmitter().setMaxListeners(0);
  return {
    publish: (topic, message) => void topics.emit(topic, message),
    listen: async (topic, hear) => {
      topics.on(topic, hear);
      return () => void topics.off(topic, hear);
    },
    onGap: () => () => undefined, // There are none.
    counts: () => ({ topics: topics.eventNames().length, lost: 0, connected: true }),
    close: async () => void topics.removeAllListeners(),
  };
}
