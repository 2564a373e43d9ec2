/** A small HTTP server that answers as an endpoint of embeddings does, or as a test wants it to. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openLocalEmbedder } from '../../gateway/embedders/local.ts';

export interface EmbeddingServer {
  readonly url: string;
  /** What was asked, in order. */
  readonly asked: { readonly authorization: string | undefined; readonly body: AskedBody }[];
  /** Instead of an answer; null: answers again. */
  instead(answer: ((response: ServerResponse, body: AskedBody) => void) | null): void;
  close(): Promise<void>;
}

interface AskedBody {
  readonly model: string;
  readonly input: readonly string[];
}

/** Its vectors are those of the local embedder, twice as long; out of order, as the protocol allows. */
export async function startEmbeddingServer(): Promise<EmbeddingServer> {
  const local = openLocalEmbedder();
  const asked: EmbeddingServer['asked'] = [];
  let special: ((response: ServerResponse, body: AskedBody) => void) | null = null;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const body = JSON.parse(Buffer.concat(parts).toString()) as AskedBody;
    asked.push({ authorization: request.headers.authorization, body });
    if (special) return special(response, body);
    const vectors = await local.embed(body.input);
    const data = vectors.map((vector, index) => ({
      index,
      embedding: vector.map((value) => 2 * value),
    }));
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ object: 'list', data: data.toReversed(), model: body.model }));
  }

  const server = createServer((request, response) => void answer(request, response));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    asked,
    instead(next) {
      special = next;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
