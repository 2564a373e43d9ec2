/** The sign of Polyphony: three voices. */
import { html, type Html } from './html.ts';

/** In the colour of the text around it. */
export const MARK: Html = html`<svg
  viewBox="0 0 24 24"
  fill="none"
  stroke="currentColor"
  stroke-width="2"
  stroke-linecap="round"
  aria-hidden="true"
>
  <path d="M2 7c4-5 6 5 10 0s6 5 10 0" />
  <path d="M2 12c4-5 6 5 10 0s6 5 10 0" opacity=".7" />
  <path d="M2 17c4-5 6 5 10 0s6 5 10 0" opacity=".4" />
</svg>`;

const ALONE = MARK.html.replace(
  '<svg ',
  '<svg xmlns="http://www.w3.org/2000/svg" color="#7c5cff" ',
);

/** As an address, for the tab of the browser. */
export const ICON = `data:image/svg+xml,${encodeURIComponent(ALONE)}`;
