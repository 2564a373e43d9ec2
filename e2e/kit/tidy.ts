/** Rules of the tree that no tool checks. Each takes files and answers what is wrong, a sentence per finding. */

export interface SourceFile {
  /** From the root, with `/`. */
  readonly path: string;
  readonly text: string;
}

export type Rule = (files: readonly SourceFile[]) => string[];

const BANNED = ['utils', 'util', 'helpers', 'helper', 'common', 'misc', 'manager', 'service'];
const DEPTH_MAX = 4;
const CODE = /\.(ts|mjs)$/;

/** Words that say nothing, as names of files and folders. */
export const namesThatSaySomething: Rule = (files) =>
  files.flatMap(({ path }) =>
    path
      .split('/')
      .flatMap((part) => part.replace(/\..*$/, '').split('-'))
      .filter((word) => BANNED.includes(word) || /^v\d+$/.test(word))
      .map((word) => `${path}: the name "${word}" says nothing`),
  );

/** Folders no deeper than a newcomer follows; files in kebab-case. */
export const shallowAndKebab: Rule = (files) =>
  files
    .filter(({ path }) => CODE.test(path))
    .flatMap(({ path }) => {
      const parts = path.split('/');
      const name = parts.at(-1)!;
      return [
        ...(parts.length > DEPTH_MAX + 1 ? [`${path}: deeper than ${DEPTH_MAX} folders`] : []),
        ...(/^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z]+)*\.(ts|mjs)$/.test(name)
          ? []
          : [`${path}: not in kebab-case`]),
      ];
    });

/** A domain keeps its name in every layer: resolvers/runs has schema/runs.ts. */
export const domainsInEveryLayer: Rule = (files) => {
  const paths = new Set(files.map(({ path }) => path));
  const domains = new Set(
    files.flatMap(({ path }) => /^resolvers\/([a-z-]+)\/commands\.ts$/.exec(path)?.[1] ?? []),
  );
  return [...domains]
    .flatMap((domain) => [`schema/${domain}.ts`, `prisma/${domain}.prisma`])
    .filter((path) => !paths.has(path))
    .map((path) => `${path}: missing, though resolvers/ has the domain`);
};

/**
 * Every SQL text is named, so that logs, metrics and tests can say which it was. What goes through resolvers/sql.ts is
 * named by its type; here are the ways around it.
 */
export const everyStatementNamed: Rule = (files) =>
  files
    .filter(({ path }) => /^(gateway|resolvers)\/.*\.ts$/.test(path) && !path.includes('.test.'))
    .flatMap(({ path, text }) =>
      [
        ...text.matchAll(
          /(\.query(<[^(]*>)?\(|\$(query|execute)Raw(Unsafe)?(<[^(]*>)?\(?)\s*(['"`])(?!\/\*)/g,
        ),
      ]
        .filter(({ index, 0: call }) => !SESSION_SQL.test(text.slice(index + call.length)))
        .map(({ index }) => `${path}:${lineOf(text, index)}: SQL without a name`),
    );

/** What frames a statement and is none itself. */
const SESSION_SQL = /^(BEGIN|COMMIT|ROLLBACK|SET |SAVEPOINT|RELEASE)/;

/** No test is switched off or alone, no work is put off, no check is off without a reason. */
export const nothingPutOff: Rule = (files) =>
  files
    .filter(({ path }) => CODE.test(path))
    .flatMap(({ path, text }) =>
      [
        { pattern: /\b(test|describe|it)\.only\(/g, what: 'a test that runs alone' },
        { pattern: /\b(test|describe|it)\.(skip|todo)\(/g, what: 'a test that never runs' },
        { pattern: /\b(TODO|FIXME|XXX)\b(?!\(#\d+\))/g, what: 'work put off without an issue' },
        {
          pattern: /(ox|es)lint-disable(?!.* -- )/g,
          what: 'a check switched off without a reason',
        },
        { pattern: /@ts-(ignore|nocheck|expect-error)(?!.* -- )/g, what: 'types switched off' },
      ].flatMap(({ pattern, what }) =>
        [...text.matchAll(pattern)].map(({ index }) => `${path}:${lineOf(text, index)}: ${what}`),
      ),
    );

/** Documents name only files that are there. */
export const documentsNameRealFiles: Rule = (files) => {
  const paths = new Set(files.map(({ path }) => path));
  const there = (named: string) =>
    paths.has(named) || [...paths].some((path) => path.startsWith(`${named.replace(/\/$/, '')}/`));
  return files
    .filter(({ path }) => path.endsWith('.md'))
    .flatMap(({ path, text }) =>
      [
        ...text.matchAll(
          /`((?:gateway|schema|resolvers|prisma|client|e2e|scripts|docs|bin)\/[\w./-]*)`/g,
        ),
      ]
        .map((match) => match[1]!)
        .filter((named) => !/generated|\.polyphony/.test(named) && !there(named))
        .map((named) => `${path}: names ${named}, which is not there`),
    );
};

/** `process.env` is read in one place of the product. */
export const settingsInOneTable: Rule = (files) =>
  files
    .filter(({ path }) => /^(gateway|schema|resolvers|client)\/.*\.ts$/.test(path))
    .filter(({ path }) => !path.includes('.test.') && path !== 'gateway/main.ts')
    .flatMap(({ path, text }) =>
      [...text.matchAll(/process\.env/g)].map(
        ({ index }) =>
          `${path}:${lineOf(text, index)}: process.env is read in gateway/main.ts only`,
      ),
    );

function lineOf(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}
