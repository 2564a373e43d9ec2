// Adds lock entries for the optional, platform-specific packages that npm leaves out where a registry lacks them.
import { readFileSync, writeFileSync } from 'node:fs';
const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'));
const OS = {
  android: 'android',
  darwin: 'darwin',
  freebsd: 'freebsd',
  linux: 'linux',
  openharmony: 'openharmony',
  win32: 'win32',
};
const CPU = {
  arm: 'arm',
  arm64: 'arm64',
  x64: 'x64',
  ia32: 'ia32',
  ppc64: 'ppc64',
  riscv64: 'riscv64',
  s390x: 's390x',
};
let added = 0;
for (const [path, entry] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    if (
      !path ||
      lock.packages[`${path}/node_modules/${name}`] ||
      lock.packages[`node_modules/${name}`]
    )
      continue;
    const parts = name.split(/[/-]/);
    const os = parts.map((p) => OS[p]).find(Boolean),
      cpu = parts.map((p) => CPU[p]).find(Boolean);
    if (!os || !cpu || !/^\d/.test(version)) {
      console.error('skipped', name, version);
      continue;
    }
    const libc = os === 'linux' ? (name.includes('musl') ? ['musl'] : ['glibc']) : undefined;
    lock.packages[`node_modules/${name}`] = {
      version,
      cpu: [cpu],
      ...(entry.dev ? { dev: true } : {}),
      ...(libc ? { libc } : {}),
      optional: true,
      os: [os],
    };
    added++;
  }
}
lock.packages = Object.fromEntries(
  Object.entries(lock.packages).toSorted(([a], [b]) => (a < b ? -1 : 1)),
);
writeFileSync('package-lock.json', `${JSON.stringify(lock, null, 2)}\n`);
console.log('added', added);
