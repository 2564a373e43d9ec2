/** Ends the process with a message on an older Node. To be called first; its callers import nothing newer. */
export function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  process.stderr.write(`polyphony needs Node 20.19 or newer; this is ${process.version}.\n`);
  process.exit(1);
}
