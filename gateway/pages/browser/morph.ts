/** Elements made to be as others are, keeping those that are there: so a link keeps the focus, and a bar can grow. */

/** Gives `from` the attributes and the content of `to`; takes apart `to`. */
export function morph(from: Element, to: Element): void {
  for (const name of from.getAttributeNames()) {
    if (!to.hasAttribute(name)) from.removeAttribute(name);
  }
  for (const { name, value } of to.attributes) {
    if (from.getAttribute(name) !== value) from.setAttribute(name, value);
  }
  const [before, after] = [[...from.childNodes], [...to.childNodes]];
  const alike =
    before.length === after.length &&
    before.every(({ nodeName }, at) => nodeName === after[at]!.nodeName);
  if (!alike) {
    from.replaceChildren(...after);
    return;
  }
  for (const [at, node] of before.entries()) {
    const now = after[at]!;
    if (node instanceof Element && now instanceof Element) morph(node, now);
    else if (node.nodeValue !== now.nodeValue) node.nodeValue = now.nodeValue;
  }
}
