/** GraphiQL, whole and from here: no file of it comes from another host. Subscriptions go over WebSocket. */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { send, type Exchange } from '../transports/exchange.ts';
import { EXAMPLES } from './examples.ts';
import { ICON, MARK } from './mark.ts';
import { pageHeaders } from './html.ts';

/** Its scripts are in the page and its editor starts workers from blobs; nothing is loaded from elsewhere. */
const POLICY = [
  "default-src 'none'",
  "script-src 'unsafe-inline' blob:",
  "style-src 'unsafe-inline'",
  "img-src 'self' data:",
  'font-src data:',
  'worker-src blob:',
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

let page: Promise<Buffer> | undefined;

/**
 * Sends the page. Made on first use and kept compressed: 2.4 MB in place of 9. Every browser takes gzip; whoever does
 * not say so gets it all the same.
 */
export async function graphiqlPage(exchange: Exchange): Promise<void> {
  page ??= renderPage();
  send(exchange, 200, 'text/html; charset=utf-8', await page, {
    'content-encoding': 'gzip',
    ...pageHeaders(POLICY),
  });
}

/**
 * The graphql-ws in it comes again after a close, up to five times, but takes an error for the end; and a browser
 * tells an error before the close when nobody listens. So errors are kept from it: the close always follows.
 */
const PATIENT_SOCKET = `<script>
  globalThis.WebSocket = class extends WebSocket {
    set onerror(hear) {}
  };
</script>`;
const STYLE = '<style>.graphiql-logo > div { gap: 0.5rem }</style>';

const HEAD_END = '</head>';

async function renderPage(): Promise<Buffer> {
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql');
  const html = renderGraphiQL({
    title: 'Polyphony · GraphiQL',
    favicon: ICON,
    logo: MARK.html,
    endpoint: '/graphql',
    subscriptionsProtocol: 'WS',
    defaultTabs: EXAMPLES.map(({ document, variables }) => ({
      query: document,
      variables: variables ?? '',
    })),
  });
  return promisify(gzip)(html.replace(HEAD_END, () => PATIENT_SOCKET + STYLE + HEAD_END));
}
