/** Very many requests for little: on few connections, each asking before it has been answered. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

const CONNECTIONS = 4;
/** Asked on one connection and not yet answered. */
const AHEAD = 8;

/**
 * Posts the documents numbered from `from` to before `to`, each once. Throws when one is not answered with data, and
 * without errors.
 */
export async function postAll(
  url: string,
  documentOf: (index: number) => string,
  from: number,
  to: number,
): Promise<void> {
  let next = from;
  const take = () => (next < to ? documentOf(next++) : null);
  const { hostname, port, host } = new URL(url);
  const lanes = Array.from({ length: CONNECTIONS }, async () => {
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    await lane(socket, host, take);
    socket.destroy();
  });
  await Promise.all(lanes);
}

async function lane(socket: Socket, host: string, take: () => string | null): Promise<void> {
  let open = 0;
  const ask = () => {
    const query = take();
    if (query === null) return;
    open += 1;
    const body = JSON.stringify({ query });
    socket.write(
      `POST /graphql HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\n` +
        `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
  };
  for (let i = 0; i < AHEAD; i += 1) ask();
  let text = '';
  for await (const chunk of socket.setEncoding('latin1')) {
    text += chunk as string;
    for (;;) {
      const head = text.indexOf('\r\n\r\n');
      const length = Number(/\r\ncontent-length: (\d+)/i.exec(text.slice(0, head))?.[1]);
      if (head < 0 || text.length < head + 4 + length) break;
      const body = text.slice(head + 4, head + 4 + length);
      if (!body.startsWith('{"data":{')) throw new Error(`not answered whole: ${body}`);
      text = text.slice(head + 4 + length);
      open -= 1;
      ask();
    }
    if (open === 0) return;
  }
  throw new Error('the connection ended');
}
